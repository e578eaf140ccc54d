"""Files of MusicXML for the tests, put together from strings."""

import io
import zipfile

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
FOUR_FOUR = "<time><beats>4</beats><beat-type>4</beat-type></time>"


def note(step: str, duration: int, more: str = "", octave: int = 5, before: str = "") -> str:
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{before}{pitch}<duration>{duration}</duration>{more}</note>"


def score(*parts: str, part_list: str | None = None) -> str:
    """A score of parts that are given by their measures; six divisions a quarter."""
    listed = part_list or "".join(
        f'<score-part id="P{n}"><part-name>x</part-name></score-part>' for n in range(len(parts))
    )
    bodies = "".join(f'<part id="P{n}">{part}</part>' for n, part in enumerate(parts))
    title = "<movement-title>A title</movement-title>"
    return f"{HEAD}<score-partwise>{title}<part-list>{listed}</part-list>{bodies}</score-partwise>"


def measures(*contents: str, attributes: str = FOUR_FOUR) -> str:
    first = f"<attributes><divisions>6</divisions>{attributes}</attributes>"
    return "".join(
        f'<measure number="{n}">{"" if n else first}{content}</measure>' for n, content in enumerate(contents)
    )


def zipped(
    content: bytes,
    name: str = "score.xml",
    container: bool = True,
    method: int = zipfile.ZIP_DEFLATED,
    more: int = 0,
    named: str | None = None,
) -> bytes:
    """An archive of a score, and of so many empty files more; its container may name something else."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        if container:
            rootfile = (
                f'<container><rootfiles><rootfile full-path="{named or name}"/></rootfiles></container>'
            )
            archive.writestr("META-INF/container.xml", rootfile)
            archive.writestr("other.xml", "<other/>")
        for number in range(more):
            archive.writestr(str(number), "")
        archive.writestr(name, content, method)
    return buffer.getvalue()
