"""Real definition files: each loads without a finding."""

from pathlib import Path

import pytest

from reconciler.keystore.public_key import inspect_public_key
from reconciler.settings import Limits
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree

CORPUS = Path(__file__).parents[3] / "shared/corpus/definitions"
FILES = sorted(path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*.yaml"))


@pytest.mark.skipif(not FILES, reason="the corpus is not next to the checkout")
@pytest.mark.parametrize("name", FILES)
def test_a_real_definition_loads_without_a_finding(name: str) -> None:
    tree = Tree("corpus", "", is_dirty=False, files={name: (CORPUS / name).read_bytes()})
    loaded = Loader(Limits(), inspect_public_key).load(tree)
    assert loaded.findings == ()
    assert loaded.private_keys == ()
    assert loaded.unread == ()
    assert len(loaded.definitions) == 1
    assert loaded.foreign == ()
