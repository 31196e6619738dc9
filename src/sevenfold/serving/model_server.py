"""A ranker behind a model server that speaks the Open Inference Protocol (V2) over HTTP.

A call has until its moment, counted from outside: whatever the server does, the answer is there by then or `Unavailable` is.
After several failures in a row the server is left alone for a while, then tried by one call. Rows travel as bytes where the
server says that it reads them, else as JSON, which has no NaN: `ABSENT` stands for it, and the model knows.
"""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import numpy as np

from sevenfold.bundle import manifest
from sevenfold.design import load
from sevenfold.design.sections import Design
from sevenfold.design.vocabulary import FUNNEL
from sevenfold.errors import ModelError, SevenfoldError, Unavailable
from sevenfold.models._onnx import ABSENT, INPUT, OUTPUT
from sevenfold.nouns import F32, Rows
from sevenfold.serving import meters

WHERE = "serving.model_server"
VERSION = "1"  # a bundle's model has a name of its own, so that a swap never mixes two
WITHIN = 1.0  # s where the design gives the ranker no time
MOST = 5  # failures in a row after which the server is left alone
REST = 2.0  # s until it is tried again
AT_ONCE = 16_384  # rows in one request
LARGEST = 2**22  # bytes of an answer
FARTHEST = np.nextafter(ABSENT, np.float32(0.0))  # stands for the infinite, which JSON has not either
JSON = {"Content-Type": "application/json"}
CUT = "Inference-Header-Content-Length"  # where in a body the JSON ends and the bytes begin


class _Output(msgspec.Struct):
    name: str
    shape: list[int]
    data: list[float] | None = None  # None: as bytes


class _Answer(msgspec.Struct):
    model_name: str
    outputs: list[_Output]
    model_version: str = VERSION


class _Server(msgspec.Struct):
    extensions: list[str] = []


@dataclass(frozen=True)
class Remote:
    """A ranker whose scores come from a model server until a moment of the monotonic clock."""

    server: ModelServer
    due: float

    def scores(self, rows: Rows) -> F32:
        """The scores [n]; `Unavailable` where they are not there in time."""
        return self.server.scores(rows, self.due)


class ModelServer:
    """Scores of one bundle's ranker; used by one thread at a time. What is looked up by id is looked up here."""

    def __init__(self, url: str, name: str, learner: Any, within: float) -> None:
        parts = urlsplit(url)
        connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self.name = name
        self._learner = learner
        self._within = within
        self._path = f"{parts.path.rstrip('/')}/v2"
        self._connection = connect(parts.hostname or "", parts.port, timeout=within)
        self._pool = ThreadPoolExecutor(1, "model-server")
        self._call: Future[F32] | None = None
        self._binary: bool | None = None  # whether rows may travel as bytes, once it was asked
        self._failures, self._again = 0, 0.0

    def ready(self) -> bool:
        """Whether the server has this bundle's model."""
        try:
            return self._exchange("GET", f"/models/{self.name}/versions/{VERSION}/ready", 0.0)[0] == 200
        except (OSError, HTTPException):
            return False
        finally:
            self._connection.close()

    def until(self, due: float) -> Any:
        """The ranker, asked until then."""
        return Remote(self, due)

    def scores(self, rows: Rows, due: float) -> F32:
        """The scores [n], by a moment of the monotonic clock; `Unavailable` where they are not there by then."""
        now = time.monotonic()
        if self._failures >= MOST and now < self._again:
            raise self._told("left alone", f"failed {self._failures} times in a row and is left alone for a moment")
        if self._call and not self._call.done():
            raise self._failed("late", "has not ended the call before")
        if (left := min(self._within, due - now)) <= 0:
            raise self._told("late", "had no time left to be asked")
        self._call = self._pool.submit(self._asked, self._learner.inputs(rows), now + left)
        try:
            scores = self._call.result(left)
        except TimeoutError:
            raise self._failed("late", f"did not answer within {left:.3g} s") from None
        except OSError as error:
            raise self._failed("lost", f"cannot be reached: {error}") from error
        except (HTTPException, ValueError, RecursionError, msgspec.MsgspecError) as error:
            raise self._failed("wrong", f"gave no scores: {error}") from error
        self._failures = 0
        meters.MODEL_SERVER.labels("answered").inc()
        return scores

    def close(self) -> None:
        """Wait for nothing."""
        self._hang_up()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._connection.close()

    def _failed(self, outcome: str, problem: str) -> Unavailable:
        self._hang_up()
        self._failures, self._again = self._failures + 1, time.monotonic() + REST
        if self._failures == MOST:
            logging.getLogger(__name__).warning("the model server %s", problem)
        return self._told(outcome, problem)

    def _told(self, outcome: str, problem: str) -> Unavailable:
        meters.MODEL_SERVER.labels(outcome).inc()
        return Unavailable(WHERE, problem, f"Look whether the server runs and has the model '{self.name}'.")

    def _hang_up(self) -> None:
        """End what the other thread waits for."""
        self._binary = None
        if (line := self._connection.sock) is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _asked(self, rows: F32, due: float) -> F32:
        try:
            if self._binary is None:
                status, _, body = self._exchange("GET", "", due)
                self._binary = status == 200 and "binary_tensor_data" in msgspec.json.decode(body, type=_Server).extensions
            return np.concatenate([self._part(rows[start:start + AT_ONCE], due) for start in range(0, len(rows), AT_ONCE)])
        except Exception:
            self._connection.close()
            raise

    def _part(self, rows: F32, due: float) -> F32:
        tensor: dict[str, Any] = {"name": INPUT, "shape": rows.shape, "datatype": "FP32"}
        wanted: dict[str, Any] = {"name": OUTPUT}
        packed = b""
        if self._binary:
            packed = rows.astype("<f4").tobytes()
            tensor["parameters"], wanted["parameters"] = {"binary_data_size": len(packed)}, {"binary_data": True}
        else:
            tensor["data"] = np.where(np.isnan(rows), ABSENT, np.clip(rows, -FARTHEST, FARTHEST)).ravel().tolist()
        head = msgspec.json.encode({"inputs": [tensor], "outputs": [wanted]})
        headers = {"Content-Type": "application/octet-stream", CUT: str(len(head))} if self._binary else JSON
        status, told, body = self._exchange("POST", f"/models/{self.name}/versions/{VERSION}/infer", due, head + packed, headers)
        if status != 200:
            raise ValueError(f"it answered {status}")
        return self._read(body, int(told.get(CUT, len(body))), len(rows))

    def _read(self, body: bytes, cut: int, n: int) -> F32:
        answer = msgspec.json.decode(body[:cut], type=_Answer)
        if (answer.model_name, answer.model_version) != (self.name, VERSION):
            raise ValueError(f"'{answer.model_name}' version '{answer.model_version}' answered, expected version '{VERSION}'")
        outputs = [one for one in answer.outputs if one.name == OUTPUT]
        if len(outputs) != 1 or outputs[0].shape not in ([n], [n, 1]):
            raise ValueError(f"expected '{OUTPUT}' of shape [{n}, 1], got {[(one.name, one.shape) for one in answer.outputs]}")
        data = outputs[0].data
        scores = np.frombuffer(body[cut:], "<f4") if data is None else np.array(data, np.float64)
        if len(scores) != n or not (np.abs(scores) < ABSENT).all():
            raise ValueError(f"expected {n} finite numbers")
        return scores.astype(np.float32)

    def _exchange(self, method: str, path: str, due: float, body: bytes | None = None,
                  headers: Mapping[str, str] | None = None) -> tuple[int, HTTPMessage, bytes]:
        """Status, head and body; a line that the server has closed since the last call is opened once more."""
        kept = self._connection.sock is not None
        try:
            self._connection.request(method, self._path + path, body, dict(headers or {}))
            response = self._connection.getresponse()
            return response.status, response.headers, response.read(LARGEST)
        except ConnectionError:
            self._connection.close()
            if not kept or time.monotonic() > due:
                raise
            return self._exchange(method, path, due, body, headers)


def of(design: Design, bundle: Path, ranker: tuple[str, Any] | None) -> ModelServer | None:
    """The model server that a design names for a bundle's ranker; `ModelError` where that one cannot live there."""
    url = design.serving.model_server
    if url is None or ranker is None:
        return None
    stage = design.serving.rank if design.framing.task in FUNNEL else design.serving.predict
    return ModelServer(url, called(design, bundle), portable(*ranker), stage.within or WITHIN)


def ready(run: Path) -> bool:
    """Whether the live bundle's model is where its design looks for it; a damaged bundle is told of when it is loaded."""
    bundle = manifest.live(run)
    try:
        design = load(bundle / "design.yaml")
        ranker = json.loads((bundle / "parts" / "parts.json").read_bytes())["ranker"]
    except (SevenfoldError, OSError, ValueError):
        return True
    url = design.serving.model_server
    found = url is None or ranker is None or ModelServer(url, called(design, bundle), None, WITHIN).ready()
    if not found:
        logging.getLogger(__name__).info("bundle %s waits for its model at %s", bundle.name, url)
    return found


def called(design: Design, bundle: Path) -> str:
    """The name of a bundle's model: the design's and the bundle's own."""
    return f"{design.name}-{bundle.name}"


def portable(name: str, learner: Any) -> Any:
    """The learner, which can be written as a model of its inputs; `ModelError` otherwise."""
    if not hasattr(learner, "onnx"):
        raise ModelError(name, "reads more than columns of features, so it cannot live in a model server",
                         "Let it answer in the process that serves, or rank with logistic, boosted, cross_network or multi_task.")
    return learner
