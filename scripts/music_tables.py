"""The tables of figures on music."""

from typing import Any

from machine_words import machine_line, machine_lines


def tune(data: dict[str, Any]) -> str:
    """A melody that the model of the fiddle tunes wrote."""
    (run,) = (run for run in data["runs"] if run["corpus"] == "ryans-mammoth")
    return f"```text\n{run['pieces']['example'].strip()}\n```\n"


def music(data: dict[str, Any]) -> str:
    """Nats a note, a beat and a frame."""
    head = "| corpus | network | validation, nats a note | nats a beat | test, nats a frame |"
    lines = [head, "|---|---|---|---|---|"]
    for run in data["runs"]:
        shape, score = run["model"], run["validation"]
        frame = f"{run['test']['nats_per_frame']:.3f}" if "test" in run else ""
        lines.append(
            f"| {_corpus(run)} | {shape['layers']} x {shape['units']} | {score['nats_per_note']:.3f} | "
            f"{score['nats_per_beat']:.3f} | {frame} |"
        )
    return "\n".join([*lines, machine_lines(data["runs"], _corpus)])


def pieces(data: dict[str, Any]) -> str:
    """What of the new pieces is well."""
    head = "| corpus | decode | read back | end by themselves | pitch classes | durations | intervals |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for run in data["runs"]:
        new = run["pieces"]
        far = " | ".join(f"{new['distance'][name]:.3f}" for name in ("pitch class", "duration", "interval"))
        shares = " | ".join(f"{new[name]:.0%}" for name in ("decode", "read_back", "end_by_themselves"))
        lines.append(f"| {_corpus(run)} | {shares} | {far} |")
    return "\n".join(lines) + "\n"


def _corpus(run: dict[str, Any]) -> str:
    return "JSB" if "jsb" in run["corpus"] else f"`{run['corpus']}`"


def reading(data: dict[str, Any]) -> str:
    """Files a second."""
    peers = "`gen` | again, from its cache | `music21.converter.parse`"
    head = f"| files a second: written from | files | {peers} |"
    lines = [
        f"| `{row['corpus']}` | {row['files']} of {row['mean_bytes']:,} bytes | {row['files_per_s']:.0f} | "
        f"{row['files_per_s_from_cache']:.0f} | {row['music21_files_per_s']:.0f} |"
        for row in data["rows"]
    ]
    return "\n".join([head, "|---|---|---|---|---|", *lines, machine_line(data)])


def reading_shares(data: dict[str, Any]) -> str:
    """Whose the time of reading is."""
    lines = [
        f"| {row['format']} | `{row['corpus']}` | {row['ms_per_file']:.1f} ms | {row['music21_share']:.0%} | "
        f"{row['gen_share']:.0%} |"
        for row in data["formats"]["rows"]
    ]
    head = "| format | files of | a file | music21's share | `gen`'s share |"
    return "\n".join([head, "|---|---|---|---|---|", *lines, machine_line(data["formats"])])


def sound(data: dict[str, Any]) -> str:
    """How many seconds of music become sound in one."""
    lines = [
        "| music | by | pieces of | times real time | the slowest |",
        "|---|---|---|---|---|",
    ]
    for row in data["rows"]:
        by = "a SoundFont" if "soundfont" in row else "`gen`"
        ratios = f"{row['median_times_real_time']} x | {row['slowest_times_real_time']} x"
        lines.append(f"| {row['what']} | {by} | {row['median_length_s']:.0f} s | {ratios} |")
    whole = (
        f"The whole command takes {data['command_s']:.1f} s for a piece of {data['command_sounds_s']:.0f} s"
    )
    memory = f"the synthesiser took {data['more_memory_mb']} MB at the most"
    return "\n".join([*lines, f"\n{whole}; {memory}.\n" + machine_line(data)])
