"""What another process of the same gateway is started with."""

import os

from gateway.runtime.settings import Settings
from gateway.runtime.settings_source import variable


def environment_of(settings: Settings, **changed: object) -> dict[str, str]:
    """The variables of this process and, over them, its servers, its folders and what is to be different."""
    own = {name: getattr(settings, name) for name in Settings.model_fields if name.endswith(("_url", "_dir"))}
    given = {variable(name): str(value) for name, value in {**own, **changed}.items() if value is not None}
    return {**os.environ, **given}
