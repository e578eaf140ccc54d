"""The tables of docs/scale.md on corpora that do not fit, from benchmarks/shards.json."""

from typing import Any

# what the plans are for
TEXT_BYTES, MUSIC_FILES = 100e9, 1e6
CORES = (2, 16, 64)


def shards_text(data: dict[str, Any]) -> str:
    """What a text costs to prepare."""
    lines = [
        "| text | shards | counting, MB/s a core | encoding, MB/s a core | both | by the clock | "
        "peak memory of a process | of all |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['megabytes']:,} MB | {row['shards']} | {row['counting_mb_per_s']} | "
        f"{row['encoding_mb_per_s']} | {row['mb_per_s']:.0f} | {row['clock_s']:.0f} s | "
        f"{row['peak_mb']} MB | {row['together_mb']} MB |"
        for row in data["text"]
    ]
    return "\n".join([*lines, _measured(data)])


def shards_music(data: dict[str, Any]) -> str:
    """What files of music cost to prepare, and to find."""
    lines = [
        "| files of MIDI | of bytes | shards | files/s a core | by the clock | peak memory of a process | "
        "of all | ids, a file | cache, a file |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['files']:,} | {row['mean_bytes']:,} | {row['shards']} | {row['files_per_s']} | "
        f"{row['clock_s']:.0f} s | {row['peak_mb']} MB | {row['together_mb']} MB | "
        f"{row['folder_mb'] * 1e3 / row['files']:.1f} kB | {row['cache_mb'] * 1e3 / row['files']:.1f} kB |"
        for row in data["music"]
    ]
    found = data["listing"]
    told = (
        f"\nListing, which every command does once: {found['us_per_file']} µs of a core and "
        f"{found['bytes_per_file']} bytes of memory a file, measured on {found['files']:,}.\n"
    )
    return "\n".join([*lines, told + _measured(data)])


def shards_training(data: dict[str, Any]) -> str:
    """What it costs to begin training on shards."""
    lines = [
        "| corpus | shards | time to the first batch | memory of reading | growth over 3,000 windows | "
        "peak memory, training |",
        "|---|---|---|---|---|---|",
    ]
    for kind, unit, key in (("text", "MB of text", "megabytes"), ("music", "files of MIDI", "files")):
        lines += [
            f"| {row[key]:,} {unit} | {row['shards']} | {row['first_batch_s']:.1f} s | "
            f"{row['reading_peak_mb']} MB | {max(0, row['growth_mb']):.1f} MB | "
            f"{row['training_peak_mb']} MB |"
            for row in data[kind]
        ]
    return "\n".join([*lines, _measured(data)])


def shards_alike(data: dict[str, Any]) -> str:
    """How many pieces that are alike fall apart, by how many phrases decide."""
    found = data["alike"]
    lines = [
        "| phrases that decide | held out | most pieces with one number | pairs parted |",
        "|---|---|---|---|",
        *(
            f"| {number} | {row['held_out']:.1%} | {row['largest']} | {row['parted']} of {found['pairs']} |"
            for number, row in found["deciding"].items()
        ),
    ]
    by_chance = f"Chance would part {found['by_chance']}; two phrases decide. {found['pieces']:,} tunes."
    return "\n".join([*lines, f"\n{by_chance}\n"])


def shards_plan(data: dict[str, Any]) -> str:
    """What 100 GB of text and a million files come to, by the formulas."""
    text, music, listing = data["text"][-1], data["music"][-1], data["listing"]
    text_s = TEXT_BYTES / 1e6 / text["mb_per_s"]
    files_s = MUSIC_FILES / music["files_per_s"]
    listing_s = MUSIC_FILES * listing["us_per_file"] / 1e6
    lines = [
        "| | core hours | "
        + " | ".join(f"on {cores} cores" for cores in CORES)
        + " | ids on disk | listing |",
        "|---|---|" + "---|" * len(CORES) + "---|---|",
        f"| 100 GB of text | {text_s / 3600:.1f} | {_spread(text_s, 0)} | "
        f"{TEXT_BYTES * text['folder_mb'] / text['megabytes'] / 1e9:.0f} GB | – |",
        f"| a million files of MIDI | {(files_s + 2 * listing_s) / 3600:.1f} | "
        f"{_spread(files_s, listing_s)} | {MUSIC_FILES * music['folder_mb'] / music['files'] / 1e3:.1f} GB | "
        f"{listing_s:.0f} s, {MUSIC_FILES * listing['bytes_per_file'] / 1e6:,.0f} MB a command |",
    ]
    return "\n".join([*lines, ""])


def _spread(seconds: float, alone_s: float) -> str:
    """A time on so many cores, with what each of two commands does alone, before it is one of many."""
    return " | ".join(f"{(seconds / cores + 2 * alone_s) / 60:.1f} min" for cores in CORES)


def _measured(data: dict[str, Any]) -> str:
    about = data["machine"]
    where = f"{about['cores']} cores of an {about['processor']}"
    return f"\nMeasured on {where}; {about['date']}; `{data['command']}`.\n"


SHARD_TABLES = {
    table.__name__: ("benchmarks/shards.json", table)
    for table in (shards_text, shards_music, shards_training, shards_alike, shards_plan)
}
