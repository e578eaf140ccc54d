"""Ask the database of known holes about every package of the environment; say so where it does not answer.

    python scripts/audit.py

Exit code 1 where a package has a known hole. Offline, or where a mirror has no such database, nothing can be
said, and that is said: it is no failure of the project.
"""

import json
import subprocess
import sys

LIMIT_S = 300


def main() -> None:
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--skip-editable",
        "--progress-spinner",
        "off",
        "--format",
        "json",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        packages = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        sys.exit(f"pip-audit has not answered in {LIMIT_S} s: nothing was audited")
    except ValueError:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        print(f"Offline, it seems: nothing was audited ({last[0]})")
        return
    audited = [package for package in packages if "vulns" in package]
    for package in audited:
        for hole in package["vulns"]:
            mended = ", ".join(hole["fix_versions"]) or "no release"
            print(f"{package['name']} {package['version']}: {hole['id']}, mended in {mended}")
    print(f"{len(audited)} of {len(packages)} packages audited", end="")
    print("" if audited else ": the registry in use here knows of no holes, or cannot be reached")
    sys.exit(any(package["vulns"] for package in audited))


if __name__ == "__main__":
    main()
