"""Which of transformers' classes a checkpoint is of."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import transformers
from transformers import PreTrainedConfig, PreTrainedModel

from taskcli.errors import CheckpointError, first_line
from taskcli.runtime.processors import LOCAL
from taskcli.task import Task

if TYPE_CHECKING:
    from transformers.models.auto.auto_factory import _BaseAutoModelClass

AutoModelClass = type["_BaseAutoModelClass"]  # such as AutoModelForCTC


def config_of(name: str, folder: Path) -> PreTrainedConfig:
    try:
        return transformers.AutoConfig.from_pretrained(folder, **LOCAL)
    except Exception as failure:
        reason = first_line(failure)
        raise CheckpointError(f"{name}: config.json cannot be used: {reason}") from failure


def auto_model_of(
    task: type[Task[Any, Any, Any]], name: str, config: PreTrainedConfig
) -> AutoModelClass:
    """The Auto class that maps the checkpoint's own architecture."""
    candidates: list[AutoModelClass] = [getattr(transformers, auto) for auto in task.auto_models]
    stated = (config.architectures or [None])[0]
    for auto in candidates:
        if stated is not None and stated in _class_names(auto):
            return auto
    for auto in candidates:
        if type(config) in auto._model_mapping and (stated is None or is_of_text(auto, config)):
            return auto
    raise CheckpointError(
        f"{name} cannot serve {task.name}: it holds {stated or config.model_type}, "
        f"and {task.name} needs a model that {' or '.join(task.auto_models)} maps",
        "choose a checkpoint that was fine-tuned for this task",
    )


def is_of_text(auto: AutoModelClass, config: PreTrainedConfig) -> bool:
    """Whether the class is the half that writes of a model that also sees, as Llama 4's is."""
    return class_of(auto, config).config_class is config.sub_configs.get("text_config")


def class_of(auto: AutoModelClass, config: PreTrainedConfig) -> type[PreTrainedModel]:
    """The class for a configuration: one, or several of which one is stated."""
    mapped = auto._model_mapping[type(config)]
    stated: type[PreTrainedModel] = mapped[0] if isinstance(mapped, (tuple, list)) else mapped
    return stated


def _class_names(auto: AutoModelClass) -> set[str]:
    names: set[str] = set()
    for mapped in auto._model_mapping._model_mapping.values():
        names.update([mapped] if isinstance(mapped, str) else mapped)
    return names
