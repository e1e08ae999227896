"""The words sent to models, as text files, and how they are filled in.

| file | role | placeholders |
|---|---|---|
| `extract` | system | `entity_types`, `language` |
| `extract_input` | user | `text` |
| `keywords` | system | – |
| `keywords_input` | user | `question` |
| `decompose` | system | – |
| `decompose_input` | user | `question` |
| `answer` | system | `context`, `response_type`, `user_prompt` |
| `rerank` | system | – |
| `rerank_input` | user | `question`, `passages` |
| `summarise` | system | `words`, `language` |
| `summarise_input` | user | `name`, `descriptions`: a JSON string to a line |
| `passage` | one of the passages | `number`, `text` |
| `json_shape`, `json_reminder` | appended to system | `schema`; – |

Instructions come first and never change within a run, what differs comes last, so that prompt caches hit.
"""

from __future__ import annotations

import re
from importlib.resources import files

__all__ = ["fill", "load"]

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def load(name: str) -> str:
    """The text of the prompt file `name`, without its ending."""
    return files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8").strip()


def fill(template: str, **values: str) -> str:
    """Put values for `{placeholders}`.

    Braces that hold no given name stay as they are (prompts show JSON), and placeholders inside values are not
    filled again.

    Args:
        template: The prompt.
        **values: Text by placeholder.
    """
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)
