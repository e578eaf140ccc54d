"""Music that is downloaded and uploaded: other programs read what is written, and hostile ones do no harm."""

import io
import time
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given, settings

from gen.corpus.midi import read_midi
from gen.export.midi import midi_bytes
from gen.pages.music_json import music_json, score_from_json
from gen.score import Score, Tempo
from tests.corpus.hostile_midi import HOSTILE as HOSTILE_MIDI
from tests.scores import scores
from tests.tunes import duet, tune
from tests.web.serving import Server

BYTES = {"Content-Type": "application/octet-stream"}


def upload(server: Server, content: bytes, query: str = "ending=mid") -> Any:
    return server.ask("POST", f"/api/music/read?{query}", content, BYTES)


DUET = replace(duet(2), tempos=(Tempo(0, 90),))  # a file has a tempo in any case


@pytest.mark.parametrize("score", [tune(1), DUET], ids=["tune", "duet"])
def test_a_midi_file_holds_the_music(server: Server, score: Score) -> None:
    answer = server.post("/api/music/mid", music_json(score))
    assert answer.headers["Content-Type"] == "audio/midi"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="tune.mid"'
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert read_midi(answer.body).score == score
    assert mido.MidiFile(file=io.BytesIO(answer.body)).length > 0


def test_musicxml_and_abc_can_be_read_again(server: Server) -> None:
    score = tune(4)
    for ending in ("musicxml", "abc"):
        made = server.post(f"/api/music/{ending}", music_json(score))
        again = upload(server, made.body, f"ending={ending}").json()
        found = score_from_json(again["music"])
        assert found.notes[:, :3].tolist() == score.notes[:, :3].tolist()


def test_a_sound_file_sounds(server: Server) -> None:
    answer = server.post("/api/music/wav", music_json(tune(1)))
    with wave.open(io.BytesIO(answer.body)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert 0.5 < np.abs(sound.astype(float)).max() / 32768 < 1


@settings(max_examples=20)
@given(scores())
def test_any_music_that_is_sent_becomes_a_file_or_a_mistake(server: Server, score: Score) -> None:
    answer = server.post("/api/music/mid", music_json(score))
    assert answer.status == (200 if len(score.notes) else 400)
    if answer.status == 200:
        assert len(read_midi(answer.body).score.notes) == len(score.notes)


@pytest.mark.parametrize(
    ("path", "value", "status", "said"),
    [
        ("/api/music/abc", music_json(duet(1)), 400, "ABC is for melodies"),
        ("/api/music/mp3", music_json(tune(1)), 404, "not written so"),
        ("/api/music/mid", {"parts": [], "notes": []}, 400, "no notes"),
        ("/api/music/mid", [1, 2], 400, ""),
        (
            "/api/music/wav",
            {"parts": [{}], "notes": [[0, 200_000, 60, 72, 0]], "tempos": [[0, 20]]},
            400,
            "longer than 10 minutes",
        ),
    ],
)
def test_what_cannot_be_written_is_said(
    server: Server, path: str, value: Any, status: int, said: str
) -> None:
    answer = server.post(path, value)
    assert answer.status == status
    assert said in answer.json()["problem"]


def test_a_file_that_is_sent_becomes_music(server: Server) -> None:
    answer = upload(server, midi_bytes(DUET)).json()
    assert score_from_json(answer["music"]) == DUET
    assert (answer["pieces"], answer["moved_notes"], answer["is_melody"]) == (1, 0, False)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "ending=",
        "ending=exe",
        "ending=../mid",
        "ending=mid&piece=0",
        "ending=mid&piece=x",
        "ending=mid&piece=2",
    ],
)
def test_a_request_that_does_not_say_what_it_sends_is_refused(server: Server, query: str) -> None:
    answer = upload(server, midi_bytes(tune(1)), query)
    assert answer.status == 400
    assert answer.json()["fix"]


# the first three a site may have a browser send without asking; without a type it may, too
@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded", None, "audio/midi"],
)
def test_a_file_that_is_not_said_to_be_bytes_is_refused(server: Server, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    answer = server.ask("POST", "/api/music/read?ending=mid", midi_bytes(tune(1)), headers)
    assert answer.status == 415
    assert "application/octet-stream" in answer.json()["fix"]


@pytest.mark.parametrize("ending", ["mid", "musicxml", "mxl", "abc", "krn"])
def test_what_is_no_music_is_refused(server: Server, ending: str) -> None:
    answer = upload(server, b"\0\xff no music <x> " * 20, f"ending={ending}")
    assert answer.status == 400
    assert answer.json()["problem"].startswith("The file ")


@pytest.mark.parametrize("name", sorted(HOSTILE_MIDI)[:6])
def test_a_hostile_file_is_refused_or_read_and_the_server_goes_on(server: Server, name: str) -> None:
    content, _ = HOSTILE_MIDI[name]
    answer = upload(server, content)
    assert answer.status in (200, 400)
    assert server.ask("GET", "/api/models").status == 200


def test_an_upload_that_is_too_large_is_refused(server: Server) -> None:
    assert upload(server, b"MThd" + bytes(9 << 20)).status == 413


def test_uploads_leave_nothing_behind(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    upload(server, midi_bytes(tune(1)))
    upload(server, b"nothing")
    server.post("/api/music/mid", music_json(tune(1)))
    for _ in range(200):  # the client has a file before the server has put it away
        if not list(tmp_path.iterdir()):
            return
        time.sleep(0.05)
    raise AssertionError(list(tmp_path.iterdir()))
