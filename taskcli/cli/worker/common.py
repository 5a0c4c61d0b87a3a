"""What a process is besides its call, and cannot take from another: both sides must agree on it."""

import os
import sys
from pathlib import Path

import taskcli
from taskcli.cli.worker.wire import Message

# What libraries read once, when they are imported, or the loader and the allocator at the start.
_ONCE = (
    "ACCELERATE_", "ASCEND_", "ATEN_", "BLIS_", "CUBLAS_", "CUDA", "CUDNN_", "DISABLE_", "DNNL_",
    "DYLD_", "FSSPEC_", "GLIBC_", "GOMP_", "HABANA_", "HF_", "HIP_", "HSA_", "HUGGINGFACE_",
    "HUGGING_FACE_", "IPEX_", "KMP_", "LC_", "LD_", "MALLOC_", "MIOPEN_", "MKL_", "MUSA_", "NCCL_",
    "NPY_", "NUMEXPR_", "NVIDIA_", "OMP_", "ONEAPI_", "ONEDNN_", "OPENBLAS_", "PYTHON", "PYTORCH_",
    "RAYON_", "ROCM_", "ROCR_", "SAFETENSORS_", "SYCL_", "TOKENIZERS_", "TORCH", "TRANSFORMERS_",
    "USE_", "VECLIB_", "XLA_", "ZE_",
)  # fmt: skip
_ONCE_BY_NAME = {
    "ALL_PROXY", "CURL_CA_BUNDLE", "HOME", "HTTPS_PROXY", "HTTP_PROXY", "LANG", "LANGUAGE",
    "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE", "TEMP", "TMP", "TMPDIR",
    "TZ", "XDG_CACHE_HOME",
}  # fmt: skip
# Why a worker refuses every call, and ends at the next one.
OUTDATED = "another version was installed since the worker was started"
_OF_COMPILERS = ("TORCHINDUCTOR_", "TRITON_")  # no call for the worker compiles
_READ_AT_USE = {"HF_TOKEN", "LC_TERMINAL", "LC_TERMINAL_VERSION"}  # the last two of a terminal


def facts() -> Message:
    """As plain data, by names that a person understands."""
    root = Path("/").stat()
    return {
        "taskcli": taskcli.__version__,
        "installation": str(Path(taskcli.__file__).parent),
        "Python": [sys.version, sys.prefix],
        "encoding of names (LANG)": sys.flags.utf8_mode,
        "groups": [os.getegid(), *sorted(os.getgroups())],
        "file system": [root.st_dev, root.st_ino],  # a container has another
        "priority": os.getpriority(os.PRIO_PROCESS, 0),
        "processors": _processors(),
        "limits": _limits(),
        "environment": {name: value for name, value in os.environ.items() if _is_read_once(name)},
    }


def difference(ours: Message, theirs: object) -> str:
    """What is not the same, in words; empty where all of it is."""
    if not isinstance(theirs, dict):
        return "another version"
    for name, value in ours.items():
        if theirs.get(name) == value:
            continue
        if name != "environment" or not isinstance(theirs.get(name), dict):
            return f"another {name}"
        changed = dict(set(value.items()) ^ set(theirs[name].items()))  # type: ignore[attr-defined]
        return f"another {', '.join(sorted(changed))} in its environment"
    return ""


def _is_read_once(name: str) -> bool:
    if name in _READ_AT_USE or name.startswith(_OF_COMPILERS):
        return False
    return name.startswith(_ONCE) or name.upper() in _ONCE_BY_NAME


def _processors() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _limits() -> list[int]:
    import resource

    kinds = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE)
    return [resource.getrlimit(kind)[0] for kind in kinds]
