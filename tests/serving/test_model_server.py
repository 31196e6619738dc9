"""A ranker behind a model server: the same answers; whatever the server does, answers in time that say what was missing."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

from serving.test_tasks import shipped
from sevenfold import design as documents
from sevenfold.bundle import manifest
from sevenfold.cli import main, new
from sevenfold.errors import ModelError, Unavailable
from sevenfold.models._onnx import ABSENT
from sevenfold.registry import LEARNERS
from sevenfold.serving import meters, model_server
from sevenfold.serving.answering import Answered
from sevenfold.serving.asked import Ask
from sevenfold.serving.intake import Busy
from sevenfold.serving.model_server import MOST, ModelServer
from sevenfold.serving.server import Server
from sevenfold.testing import toy_rows

NAME = "toy-1"
ASKS = [Ask(user=user) for user in (7, 8, 9, 80_000)]
VENV = Path(os.environ.get("SEVENFOLD_MLSERVER", Path(__file__).parents[2] / ".venv-mlserver"))
MLSERVER = pytest.mark.skipif(not (VENV / "bin" / "mlserver").exists(),
                              reason=f"no MLServer at {VENV}: make mlserver, or name its environment in SEVENFOLD_MLSERVER")
SCHEMA = """
import sys
from google.protobuf import json_format, text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

print(json_format.MessageToJson(text_format.Parse(open(sys.argv[1]).read(), ModelConfig())))
"""
RUNTIME = """
import numpy
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class Onnx(MLModel):
    async def load(self):
        self.session = onnxruntime.InferenceSession(self.settings.parameters.uri)
        return True

    async def predict(self, payload):
        rows = NumpyCodec.decode_input(payload.inputs[0])
        (scores,) = self.session.run(["scores"], {"rows": rows.astype(numpy.float32)})
        return InferenceResponse(model_name=self.name, model_version=self.version,
                                 outputs=[NumpyCodec.encode_output("scores", scores)])
"""


class Handler(BaseHTTPRequestHandler):
    """Answers as its server's `does` says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else head and body wait for each other

    def log_message(self, *args: Any) -> None:
        """Nothing is logged."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        extensions = ["binary_tensor_data"] if self.server.binary else []  # type: ignore[attr-defined]
        known = self.path == "/v2" or self.path.split("/")[3] in self.server.models  # type: ignore[attr-defined]
        self.reply(json.dumps({"name": "fake", "extensions": extensions}).encode(), 200 if known else 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        getattr(self, self.server.does)(body)  # type: ignore[attr-defined]

    def reply(self, body: bytes, status: int = 200, **more: Any) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **more}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def scores(self, body: bytes) -> np.ndarray:
        cut = int(self.headers.get("Inference-Header-Content-Length", len(body)))
        (tensor,) = json.loads(body[:cut])["inputs"]
        data = tensor["data"] if "data" in tensor else np.frombuffer(body[cut:], "<f4")
        rows = np.array(data, np.float32).reshape(tensor["shape"])
        session = self.server.models[self.path.split("/")[3]]  # type: ignore[attr-defined]
        return np.asarray(session.run(None, {"rows": rows})[0])

    def good(self, body: bytes, **changes: Any) -> None:
        scores = self.scores(body)
        output = {"name": "scores", "shape": list(scores.shape), "datatype": "FP32"}
        answer = {"model_name": self.path.split("/")[3], "model_version": self.path.split("/")[5], "outputs": [output], **changes}
        if self.server.binary:  # type: ignore[attr-defined]
            head = json.dumps(answer).encode()
            self.reply(head + scores.astype("<f4").tobytes(), Inference_Header_Content_Length=len(head))
        else:
            output["data"] = scores.ravel().tolist()
            self.reply(json.dumps(answer).encode())

    def changed(self, body: bytes, change: Callable[[list[float]], list[Any]]) -> None:
        data = change(self.scores(body).ravel().tolist())
        output = {"name": "scores", "shape": [len(data), 1], "datatype": "FP32", "data": data}
        self.reply(json.dumps({"model_name": self.path.split("/")[3], "model_version": "1", "outputs": [output]}).encode())

    def nan(self, body: bytes) -> None:
        self.changed(body, lambda data: [*data[1:], float("nan")])

    def null(self, body: bytes) -> None:
        self.changed(body, lambda data: [*data[1:], None])

    def huge(self, body: bytes) -> None:
        self.changed(body, lambda data: [*data[1:], 1e300])

    def fewer(self, body: bytes) -> None:
        self.changed(body, lambda data: data[1:])

    def other_version(self, body: bytes) -> None:
        self.good(body, model_version="2")

    def other_model(self, body: bytes) -> None:
        self.good(body, model_name="another")

    def other_output(self, body: bytes) -> None:
        self.good(body, outputs=[])

    def broken(self, body: bytes) -> None:
        self.reply(b'{"error": "out of memory"}', 500)

    def garbage(self, body: bytes) -> None:
        self.reply(bytes(range(256)))

    def nested(self, body: bytes) -> None:
        self.reply(b'{"outputs":' + b"[" * 100_000)

    def no_http(self, body: bytes) -> None:
        self.wfile.write(b"\x00\xff\x17\n" * 1000)
        self.close_connection = True

    def nothing(self, body: bytes) -> None:
        self.close_connection = True

    def half(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"model_name"')
        self.close_connection = True

    def endless(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        while not self.server.over.is_set():  # type: ignore[attr-defined]
            self.wfile.write(b" " * 65536)

    def drip(self, body: bytes) -> None:
        while not self.server.over.wait(0.02):  # type: ignore[attr-defined]
            self.wfile.write(b"H")

    def hang(self, body: bytes) -> None:
        self.server.over.wait()  # type: ignore[attr-defined]
        self.close_connection = True


class Fake(ThreadingHTTPServer):
    """A model server that does as it is told, at a port of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.does, self.binary, self.over = "good", False, Event()
        self.models: dict[str, Any] = {}
        self.asked: list[str] = []

    def load(self, name: str, model: bytes) -> None:
        import onnxruntime

        self.models[name] = onnxruntime.InferenceSession(model)

    def handle_error(self, *args: Any) -> None:
        """A client that hung up is no fault."""


@pytest.fixture
def fake() -> Iterator[Fake]:
    with Fake() as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def learner() -> Any:
    made = LEARNERS.make("boosted", {"rounds": 20})
    made.fit(toy_rows(1), toy_rows(2), seed=0)
    return made


@pytest.fixture
def remote(fake: Fake, learner: Any) -> Iterator[ModelServer]:
    fake.load(NAME, learner.onnx())
    made = ModelServer(fake.url, NAME, learner, 0.3)
    yield made
    made.close()


def soon() -> float:
    return time.monotonic() + 60.0


@pytest.mark.parametrize("binary", [False, True])
def test_scores_are_those_of_the_learner_at_hand(binary: bool, fake: Fake, remote: ModelServer, learner: Any,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    fake.binary = binary
    for rows in (toy_rows(3), toy_rows(4, requests=1)):
        np.testing.assert_allclose(remote.scores(rows, soon()), learner.scores(rows), rtol=1e-5, atol=1e-5)
    monkeypatch.setattr(model_server, "AT_ONCE", 100)
    np.testing.assert_allclose(remote.scores(toy_rows(3), soon()), learner.scores(toy_rows(3)), rtol=1e-5, atol=1e-5)
    assert fake.asked[:2] == ["/v2", f"/v2/models/{NAME}/versions/1/infer"]
    assert fake.asked.count("/v2") == 1


def test_what_json_cannot_say_is_said_otherwise(fake: Fake) -> None:
    learner, rows = LEARNERS.make("logistic", {}), toy_rows(1)
    learner.fit(rows, rows, seed=0)
    rows.values[0, 0], rows.values[1, 0] = np.inf, -np.inf
    fake.load(NAME, learner.onnx())
    remote = ModelServer(f"{fake.url}/", NAME, learner, 5.0)
    np.testing.assert_allclose(remote.scores(rows, soon()), learner.scores(rows), rtol=1e-5, atol=1e-5)
    remote.close()
    assert np.float32(json.loads(json.dumps(float(ABSENT)))) == ABSENT


@pytest.mark.parametrize(("does", "problem"), [
    ("hang", "did not answer within 0.3 s"), ("drip", "did not answer within 0.3 s"),
    ("nothing", "cannot be reached: "), ("no_http", "gave no scores: "), ("half", "gave no scores: "),
    ("endless", "gave no scores|did not answer"), ("garbage", "gave no scores: "), ("nested", "gave no scores: "),
    ("broken", "gave no scores: it answered 500"), ("nan", "gave no scores: "), ("null", "gave no scores: "),
    ("huge", r"gave no scores: expected \d+ finite numbers"), ("fewer", r"gave no scores: expected 'scores' of shape \[\d+, 1\]"),
    ("other_version", "gave no scores: 'toy-1' version '2' answered, expected version '1'"),
    ("other_model", "gave no scores: 'another' version '1' answered"), ("other_output", r"expected 'scores' .* got \[\]")])
def test_whatever_the_server_does_is_told_in_time(does: str, problem: str, fake: Fake, remote: ModelServer, learner: Any) -> None:
    remote.scores(toy_rows(3), soon())
    fake.does, began = does, time.monotonic()
    with pytest.raises(Unavailable, match=rf"^serving\.model_server: {problem}|{problem}.*\n.*has the model 'toy-1'"):
        remote.scores(toy_rows(3), soon())
    assert time.monotonic() - began < 1.0
    fake.does = "good"
    fake.over.set()
    time.sleep(0.05)
    np.testing.assert_allclose(remote.scores(toy_rows(3), soon()), learner.scores(toy_rows(3)), rtol=1e-5, atol=1e-5)


def test_the_moment_counts_where_it_is_nearer_than_the_budget(fake: Fake, remote: ModelServer) -> None:
    fake.does, began = "hang", time.monotonic()
    for due, problem in ((began - 1.0, "had no time left"), (began + 0.05, r"did not answer within 0\.0")):
        with pytest.raises(Unavailable, match=problem):
            remote.scores(toy_rows(3), due)
    assert time.monotonic() - began < 0.25


def test_a_server_that_went_away_is_left_alone_and_tried_again(fake: Fake, remote: ModelServer, learner: Any,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_server, "REST", 0.3)
    fake.does = "broken"
    for _ in range(MOST):
        with pytest.raises(Unavailable, match="it answered 500"):
            remote.scores(toy_rows(3), soon())
    asked = len(fake.asked)
    for _ in range(3):
        with pytest.raises(Unavailable, match=f"failed {MOST} times in a row and is left alone"):
            remote.scores(toy_rows(3), soon())
    assert len(fake.asked) == asked
    time.sleep(0.35)
    with pytest.raises(Unavailable, match="it answered 500"):  # one call tries it
        remote.scores(toy_rows(3), soon())
    with pytest.raises(Unavailable, match="left alone"):
        remote.scores(toy_rows(3), soon())
    fake.does = "good"
    time.sleep(0.35)
    for _ in range(2):
        np.testing.assert_allclose(remote.scores(toy_rows(3), soon()), learner.scores(toy_rows(3)), rtol=1e-5, atol=1e-5)


def test_a_line_that_the_server_closed_meanwhile_is_opened_again(fake: Fake, remote: ModelServer, learner: Any) -> None:
    remote.scores(toy_rows(3), soon())
    assert remote._connection.sock is not None
    remote._connection.sock.shutdown(socket.SHUT_RDWR)
    np.testing.assert_allclose(remote.scores(toy_rows(3), soon()), learner.scores(toy_rows(3)), rtol=1e-5, atol=1e-5)


def test_nobody_at_the_address(learner: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        remote = ModelServer(f"http://127.0.0.1:{taken.getsockname()[1]}", NAME, learner, 1.0)
        with pytest.raises(Unavailable, match=r"cannot be reached: .*refused"):
            remote.scores(toy_rows(3), soon())
        assert not remote.ready()
        remote.close()


def behind(run: Path, url: str, folder: Path) -> Path:
    """A copy of a run whose live bundle's design names a model server."""
    copy, made = folder / "run", folder / "bundle"
    shutil.copytree(run, copy)
    shutil.copytree(manifest.live(run), made)
    design = documents.load(made / "design.yaml")
    design = replace(design, serving=replace(design.serving, model_server=url))
    (made / "design.yaml").write_text(documents.show(design), encoding="utf-8")
    manifest.publish(made, copy, manifest.seal(made, {"solution": "trees"}))
    return copy


def exported(run: Path, folder: Path) -> tuple[str, Path]:
    """The name of a run's model in a model repository, and its folder."""
    assert main(["export", str(run), "--triton", str(folder)]) == 0
    (model,) = folder.iterdir()
    return model.name, model


def patient(server: Server) -> Server:
    """The same with all the time that its model server needs."""
    assert server.live.model_server is not None
    server.live.model_server._within = 60.0
    return server


def answers(server: Server) -> list[Answered]:
    return asyncio.run(server.answer(ASKS))


def items(found: list[Answered], what: str = "item") -> list[list[Any]]:
    return [[getattr(shown, what) for shown in one.items] for one in found]  # type: ignore[union-attr]


def test_the_funnel_ranks_there_and_falls_back_to_the_order_of_retrieval(
        fake: Fake, trees: Path, tmp_path: Path, serving: Callable[..., Server]) -> None:
    run = behind(trees, fake.url, tmp_path)
    name, model = exported(run, tmp_path / "models")
    fake.load(name, (model / "1" / "model.onnx").read_bytes())
    here, there = serving(trees), patient(serving(run))
    expected, found = answers(here), answers(there)
    assert f"/v2/models/{name}/versions/1/infer" in fake.asked
    assert items(found) == items(expected)
    assert [one.degraded for one in found] == [[]] * len(ASKS)
    there.live.model_server._within = 0.3  # type: ignore[union-attr]
    left_out = list(answers_without_a_ranker(here))
    for does in ("hang", "garbage", "nan", "fewer", "broken"):
        fake.does = does
        fallen = answers(there)
        assert [one.degraded for one in fallen] == [["rank"]] * len(ASKS)
        assert items(fallen) == left_out
    fake.does = "good"
    assert answers(there)[0].degraded == ["rank"]  # it is left alone for a while
    assert b'sevenfold_model_server_total{outcome="left alone"}' in meters.written()
    fake.over.set()
    patient(there).live.model_server._again = 0.0  # type: ignore[union-attr]
    assert items(answers(there)) == items(expected)


def answers_without_a_ranker(server: Server) -> Iterator[list[Any]]:
    blobs = server.live.memory.blobs([ask.who for ask in ASKS])
    found = server.live.answer(ASKS, blobs, server.live.k, server.live.end, late=lambda stage, *more: stage == "rank")
    for row in found.answers.items.tolist():
        yield [server.live.ids[item] for item in row if item >= 0]


def test_a_new_bundle_waits_until_its_model_is_there(fake: Fake, trees: Path, tmp_path: Path,
                                                     serving: Callable[..., Server]) -> None:
    run = behind(trees, fake.url, tmp_path)
    new = manifest.live(run)
    shutil.copytree(manifest.live(trees), run / manifest.BUNDLES / manifest.live(trees).name, dirs_exist_ok=True)
    manifest.publish(manifest.live(trees), run, manifest.live(trees).name)
    server = serving(run)
    old = server.version
    name, model = exported_of(run, new, tmp_path / "models")
    manifest.publish(new, run, new.name)

    async def watched() -> tuple[str, str]:
        watch = asyncio.create_task(server.watch(0.05))
        await asyncio.sleep(0.5)
        before = server.version
        fake.load(name, (model / "1" / "model.onnx").read_bytes())
        for _ in range(200):
            await asyncio.sleep(0.05)
            if server.version != before:
                break
        watch.cancel()
        return before, server.version

    assert asyncio.run(watched()) == (old, new.name)


def exported_of(run: Path, bundle: Path, folder: Path) -> tuple[str, Path]:
    """The same of a bundle that is not live yet."""
    before = manifest.live(run)
    manifest.publish(bundle, run, bundle.name)
    found = exported(run, folder)
    manifest.publish(before, run, before.name)
    return found


def test_a_prediction_has_nothing_to_fall_back_to(fake: Fake, tmp_path: Path, serving: Callable[..., Server]) -> None:
    run = behind(shipped("ratings", tmp_path / "ratings"), fake.url, tmp_path)
    name, model = exported(run, tmp_path / "models")
    fake.load(name, (model / "1" / "model.onnx").read_bytes())
    server = patient(serving(run))
    asks = server.live.examples(3)
    here = server.live.answer(asks, server.live.memory.blobs([ask.who for ask in asks]), 1, server.live.end)
    found = asyncio.run(server.answer(asks))
    np.testing.assert_allclose([one.number for one in found], here.answers.scores[:, 0], rtol=1e-5)  # type: ignore[misc]
    fake.does = "broken"
    with pytest.raises(Busy, match=r"serving\.model_server: gave no scores: it answered 500") as refused:
        asyncio.run(server.answer(asks))
    assert refused.value.status == 503


def test_a_ranker_that_cannot_live_there_is_refused() -> None:
    with pytest.raises(ModelError, match=r"biases: reads more than columns of features.*\n.*rank with logistic, boosted"):
        model_server.portable("biases", LEARNERS.make("biases", {}))


def test_there_must_be_something_to_export(trees: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(trees)]) == 1
    assert "export: nothing was asked for" in capsys.readouterr().err
    run, bundle = tmp_path / "run", tmp_path / "bundle"
    shutil.copytree(trees, run)
    shutil.copytree(manifest.live(trees), bundle)
    about = json.loads((bundle / "parts" / "parts.json").read_text())
    (bundle / "parts" / "parts.json").write_text(json.dumps({**about, "ranker": None}))
    manifest.publish(bundle, run, manifest.seal(bundle, {"solution": "popular"}))
    assert main(["export", str(run), "--triton", str(tmp_path / "models")]) == 1
    assert "its winner has no ranker that a model server could hold" in capsys.readouterr().err
    assert not (tmp_path / "models").exists()
    assert model_server.ready(run)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", "http://host:port", "http://me:secret@host", "http://a?b"])
def test_an_address_is_http_and_holds_no_password(url: str) -> None:
    text = new.text("video").replace("\nserving:\n", f"\nserving:\n  model_server: {url}\n")
    assert url in text
    _, findings = documents.read(text)
    assert f"serving.model_server: '{url}' is no address of a server" in findings[0].text()


@MLSERVER
def test_the_configuration_is_one_of_triton(trees: Path, tmp_path: Path) -> None:
    name, model = exported(trees, tmp_path / "models")
    read = [VENV / "bin" / "python", "-c", SCHEMA, model / "config.pbtxt"]
    config = json.loads(subprocess.run(read, capture_output=True, text=True, check=True).stdout)
    assert (config["name"], config["backend"], config["maxBatchSize"]) == (name, "onnxruntime", 16384)
    (given,), (asked,), (warm,) = config["input"], config["output"], config["modelWarmup"]
    import onnxruntime

    session = onnxruntime.InferenceSession(model / "1" / "model.onnx")
    assert [(one.name, one.shape[1:], one.type) for one in (*session.get_inputs(), *session.get_outputs())] == [
        (one["name"], [int(size) for size in one["dims"]], "tensor(float)") for one in (given, asked)]
    assert warm["inputs"]["rows"]["dims"] == given["dims"]
    assert "dynamicBatching" in config


@MLSERVER
def test_a_real_server_answers_as_the_process_does(trees: Path, tmp_path: Path, serving: Callable[..., Server]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = behind(trees, f"http://127.0.0.1:{port}", tmp_path)
    name, model = exported(run, tmp_path / "models")
    (model / "onnx_runtime.py").write_text(RUNTIME, encoding="utf-8")
    about = {"name": name, "implementation": "onnx_runtime.Onnx", "parameters": {"uri": "1/model.onnx", "version": "1"}}
    settings = {"host": "127.0.0.1", "http_port": port, "grpc_port": 0, "parallel_workers": 0, "metrics_endpoint": None}
    (model / "model-settings.json").write_text(json.dumps(about), encoding="utf-8")
    (model / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    here, there = serving(trees), patient(serving(run))
    assert [one.degraded for one in answers(there)] == [["rank"]] * len(ASKS)  # it has not been started yet
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([VENV / "bin" / "mlserver", "start", "."], cwd=model, stdout=log, stderr=log)
    try:
        for _ in range(600):
            if model_server.ready(run):
                break
            assert process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.05)
        expected, found = answers(here), answers(there)
        assert [one.degraded for one in found] == [[]] * len(ASKS)
        assert items(found) == items(expected)
        np.testing.assert_allclose(items(found, "score"), items(expected, "score"), rtol=1e-5, atol=1e-5)
    finally:
        process.terminate()
        process.wait(20)
    assert [one.degraded for one in answers(there)] == [["rank"]] * len(ASKS)
