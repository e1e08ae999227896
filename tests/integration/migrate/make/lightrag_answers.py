"""What LightRAG itself reads in answers of models, good and spoilt ones: `python lightrag_answers.py OUT.json`."""

import asyncio
import json
import logging
import sys
from pathlib import Path

from lightrag.operate import _rebuild_from_extraction_result

E, R, END = "entity<|#|>", "relation<|#|>", "<|COMPLETE|>"
ANSWERS = [
    f"{E}Fram<|#|>artifact<|#|>A ship.\n{R}Archer<|#|>Fram<|#|>design, building<|#|>Archer made her.\n{END}",
    f"{E}Fram<|#|>artifact<|#|>A ship.<|#|>entity<|#|>Larvik<|#|>location<|#|>A town.\n{END}",
    f"{E}Fram<|#|>artifact<|#|>A ship.<|#|>relation<|#|>Archer<|#|>Fram<|#|>design<|#|>He made her.\n{END}",
    "entity<|##|>Fram<|##|>artifact<|##|>A ship.",
    "entity<|#>Fram<|#>artifact<|#>A ship.\nentity<#>Larvik<#>location<#>A town.",
    "entity<||#||>Fram<||#||>artifact<||#||>A ship.\nentity||#||Larvik||#||location||#||A town.",
    "entity<|#|Fram<|#|artifact<|#|A ship.\nentity|#|>Larvik|#|>location|#|>A town.",
    "entity<|>Fram<|>artifact<|>A ship.",
    "entity<|\\#|>Fram<|\\#|>artifact<|\\#|>A ship.",
    "entity<|#:Fram<|#:artifact<|#:A ship.",
    f'{E}"Fram"<|#|>Artifact, ship<|#|>"A ship."\n'
    f"{E}《南极》<|#|>作品<|#|>一本 书 。\n{E}“科林” 阿彻<|#|>person<|#|>设计 Fram 号。\n{END}",
    f"{E}12<|#|>number<|#|>Dropped.\n{E}1.2<|#|>number<|#|>Dropped.\n{E}1911<|#|>date<|#|>A year.\n{END}",
    f"{E}Fram<|#|>art/ifact<|#|>A bad type.\n{E}Gjoa<|#|><|#|>No type.\n{E}Gauss<|#|>ship<|#|>\n{END}",
    f"{R}Fram<|#|>Fram<|#|>self<|#|>To itself.\n{R}Fram<|#|>Gjoa<|#|>sisters，ships<|#|>Two ships.\n{END}",
    f"{E}Archer<|#|>Fram<|#|>design<|#|>A relation that begins as an entity.\n{END}",
    f"{E}AT&amp;T<|#|>organization<|#|>Calls &quot;itself&quot; so.<br>\n{E}ＡＢＣ－１２３<|#|>code<|#|>Wide.\n{END}",
    f"{E}Fram<|#|>artifact<|#|>Short.\n{E}Fram<|#|>artifact<|#|>The same once more, longer.\n{END}",
    f"Here is what I found:\n{E}Fram<|#|>artifact<|#|>A ship.\n\nI hope this helps.\n{END.lower()}",
    json.dumps({
        "entities": [{"name": "Fram", "type": "Artifact", "description": "A ship."}, {"name": "", "type": "x"}],
        "relationships": [{"source": "Archer", "target": "Fram", "keywords": "design", "description": "He made her."}],
    }),
    '```json\n{"entities": [{"name": "Fram", "type": "artifact", "description": "A ship."}], "relationships": []}\n```',
    '{"entities": [{"name": "Fram", "type": "artifact", "description": "A ship."},',
    "",
    END,
    "I can't do that.",
]  # fmt: skip


async def main(out: str) -> None:
    logging.disable()
    read = []
    for answer in ANSWERS:
        nodes, edges = await _rebuild_from_extraction_result(None, answer, "c", 0, {"file_path": ""})
        said = [
            [one["entity_name"], "", one["entity_type"], one["description"], ""]
            for all_ in nodes.values()
            for one in all_
        ]
        said += [
            [one["src_id"], one["tgt_id"], "", one["description"], one["keywords"]]
            for all_ in edges.values()
            for one in all_
        ]
        read.append({"answer": answer, "said": said})
    Path(out).write_text(json.dumps(read, ensure_ascii=False, indent=1) + "\n", "utf-8")


asyncio.run(main(sys.argv[1]))
