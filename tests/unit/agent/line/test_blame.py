"""What an error in a child says about the backend that it ran on."""

from __future__ import annotations

import pytest

from skerry_edge.agent.line.blame import Blame, blame_of
from skerry_edge.backends.base import BackendOptions
from skerry_edge.backends.errors import BackendError, ModelFileError, UnsuitedBackendError
from skerry_edge.backends.registry import open_backend
from skerry_edge.contracts.errors import BundleError
from skerry_edge.foundation.errors import ConfigError, MissingError, ReachError, SkerryError


@pytest.mark.parametrize(
    ("error", "while_loading", "at_work"),
    [
        (MissingError("no accelerator"), "missing", "elsewhere"),
        (UnsuitedBackendError("no such device"), "missing", "configuration"),
        (ModelFileError("the runtime refuses it"), "backend", "elsewhere"),
        (BackendError("inference failed"), "backend", "backend"),
        (ConfigError("the model knows no such label"), "configuration", "configuration"),
        (BundleError("damaged"), "elsewhere", "elsewhere"),
        (ReachError("no camera"), "elsewhere", "elsewhere"),
    ],
)
def test_only_the_backends_own_errors_are_blamed_on_it(
    error: SkerryError, while_loading: Blame, at_work: Blame
) -> None:
    assert (blame_of(error, is_ready=False), blame_of(error, is_ready=True)) == (while_loading, at_work)


@pytest.mark.parametrize("name", ["litert:gpu", "onnx:npu", "no-such-backend"])
def test_a_backend_or_device_that_is_not_here_leads_to_the_next(name: str, tmp_path) -> None:
    with pytest.raises(ConfigError) as caught:
        open_backend(name, tmp_path / "model", BackendOptions())
    assert blame_of(caught.value, is_ready=False) == "missing"
