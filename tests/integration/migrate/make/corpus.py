"""What the fixtures are made of: short texts of our own, and what a model would find in each of their sentences."""

TEXTS = {
    "fram.txt": (
        "The Fram was designed by Colin Archer and launched at Larvik in 1892. Her hull was rounded, so that the ice "
        "would lift her. Fridtjof Nansen took the Fram into the ice of the Arctic Ocean in 1893. The drift lasted "
        "three years. Otto Sverdrup commanded the Fram during the drift. "
        "Roald Amundsen borrowed the Fram in 1910 and sailed her to the Bay of Whales."
    ),
    "archer.txt": (
        "Colin Archer was born at Larvik to parents from Scotland. He built the Fram for Fridtjof Nansen. Rescue boats "
        "of the Norwegian coast still follow his drawings."
    ),
    "nansen.txt": (
        "F. Nansen left the Fram in 1895 and set out on skis. Hjalmar Johansen went with Fridtjof Nansen. "
        "They wintered on Franz Josef Land."
    ),
    "amundsen.txt": (
        "Roald Amundsen reached the South Pole in December 1911. Oscar Wisting was with Roald Amundsen at the Pole. "
        "The Fram waited for them at the Bay of Whales."
    ),
    "museum.txt": (
        "The Fram is kept at the Fram Museum in Oslo. Visitors may walk her deck."
    ),
    "wrong.txt": (
        "The Mary Celeste was found adrift in 1872. Some guide books take the Mary Celeste for a sister of the Fram."
    ),
    "南极.txt": (
        "罗阿尔·阿蒙森于1911年到达南极点。弗拉姆号是他的船。弗拉姆号由科林·阿彻设计。"
    ),
}  # fmt: skip
FAILS = ("broken.txt", "This text is about the Terra Nova, and no model will read it.")
WAITS = ("later.txt", "The Gauss was built at Kiel and froze in near Antarctica.")

_FRAM = "entity<|#|>Fram<|#|>artifact<|#|>"
_ARCHER = "entity<|#|>Colin Archer<|#|>person<|#|>"
_NANSEN = "entity<|#|>Fridtjof Nansen<|#|>person<|#|>"
_AMUNDSEN = "entity<|#|>Roald Amundsen<|#|>person<|#|>"
FOUND = {
    "launched at Larvik in 1892": (
        _FRAM + "The Fram is a ship launched at Larvik in 1892.",
        _ARCHER + "Colin Archer designed the Fram.",
        "entity<|#|>Larvik<|#|>location<|#|>Larvik is where the Fram was launched.",
        "relation<|#|>Colin Archer<|#|>Fram<|#|>design<|#|>Colin Archer designed the Fram.",
        "relation<|#|>Fram<|#|>Larvik<|#|>launch,place<|#|>The Fram was launched at Larvik in 1892.",
    ),
    "ice of the Arctic Ocean": (
        _NANSEN + "Fridtjof Nansen took the Fram into the ice in 1893.",
        "entity<|#|>Arctic Ocean<|#|>location<|#|>The Arctic Ocean is where the Fram drifted.",
        _FRAM + "The Fram was taken into the ice in 1893.",
        "relation<|#|>Fridtjof Nansen<|#|>Fram<|#|>expedition<|#|>Fridtjof Nansen took the Fram into the ice.",
        "relation<|#|>Fram<|#|>Arctic Ocean<|#|>drift<|#|>The Fram drifted in the Arctic Ocean.",
    ),
    "Otto Sverdrup commanded": (
        "entity<|#|>Otto Sverdrup<|#|>person<|#|>Otto Sverdrup commanded the Fram during the drift.",
        "relation<|#|>Otto Sverdrup<|#|>Fram<|#|>command<|#|>Otto Sverdrup commanded the Fram.",
    ),
    "borrowed the Fram in 1910": (
        _AMUNDSEN + "Roald Amundsen borrowed the Fram in 1910.",
        "entity<|#|>Bay of Whales<|#|>location<|#|>The Bay of Whales is where the Fram was sailed to.",
        _FRAM + "The Fram was borrowed by Roald Amundsen in 1910.",
        "relation<|#|>Roald Amundsen<|#|>Fram<|#|>loan,expedition<|#|>Roald Amundsen borrowed the Fram in 1910.",
        "relation<|#|>Fram<|#|>Bay of Whales<|#|>voyage<|#|>The Fram was sailed to the Bay of Whales.",
    ),
    "born at Larvik": (
        _ARCHER + "Colin Archer was born at Larvik to parents from Scotland.",
        "entity<|#|>Larvik<|#|>location<|#|>Larvik is the birthplace of Colin Archer.",
        "entity<|#|>Scotland<|#|>location<|#|>Scotland is where the parents of Colin Archer came from.",
        "relation<|#|>Colin Archer<|#|>Larvik<|#|>birth,place<|#|>Colin Archer was born at Larvik.",
        "relation<|#|>Colin Archer<|#|>Scotland<|#|>origin<|#|>The parents of Colin Archer came from Scotland.",
    ),
    "built the Fram for": (
        _FRAM + "The Fram was built for Fridtjof Nansen.",
        _NANSEN + "Fridtjof Nansen had the Fram built.",
        "relation<|#|>Colin Archer<|#|>Fram<|#|>design,building<|#|>Colin Archer built the Fram.",
    ),
    "left the Fram in 1895": (
        "entity<|#|>F. Nansen<|#|>person<|#|>F. Nansen left the Fram in 1895 on skis.",
        _FRAM + "The Fram was left by Nansen in 1895.",
        "relation<|#|>F. Nansen<|#|>Fram<|#|>departure<|#|>F. Nansen left the Fram in 1895.",
    ),
    "Hjalmar Johansen went": (
        "entity<|#|>Hjalmar Johansen<|#|>person<|#|>Hjalmar Johansen went north with Fridtjof Nansen.",
        _NANSEN + "Fridtjof Nansen went north with Hjalmar Johansen.",
        "relation<|#|>Hjalmar Johansen<|#|>Fridtjof Nansen<|#|>companion<|#|>Hjalmar Johansen went with Nansen.",
    ),
    "reached the South Pole": (
        _AMUNDSEN + "Roald Amundsen reached the South Pole in December 1911.",
        "entity<|#|>South Pole<|#|>location<|#|>The South Pole was reached in December 1911.",
        "relation<|#|>Roald Amundsen<|#|>South Pole<|#|>arrival<|#|>Roald Amundsen reached the South Pole.",
    ),
    "Oscar Wisting was with": (
        "entity<|#|>Oscar Wisting<|#|>person<|#|>Oscar Wisting stood at the South Pole.",
        "relation<|#|>Oscar Wisting<|#|>Roald Amundsen<|#|>companion<|#|>Oscar Wisting was with Roald Amundsen.",
    ),
    "waited for them": (
        _FRAM + "The Fram waited at the Bay of Whales.",
        "entity<|#|>Bay of Whales<|#|>location<|#|>The Bay of Whales is where the Fram waited.",
        "relation<|#|>Fram<|#|>Bay of Whales<|#|>waiting<|#|>The Fram waited at the Bay of Whales.",
    ),
    "kept at the Fram Museum": (
        _FRAM + "The Fram is kept in a museum in Oslo.",
        "entity<|#|>Fram Museum<|#|>organization<|#|>The Fram Museum keeps the Fram.",
        "entity<|#|>Oslo<|#|>location<|#|>Oslo is where the Fram Museum stands.",
        "relation<|#|>Fram Museum<|#|>Fram<|#|>keeping<|#|>The Fram Museum keeps the Fram.",
        "relation<|#|>Fram Museum<|#|>Oslo<|#|>place<|#|>The Fram Museum stands in Oslo.",
    ),
    "Mary Celeste was found": (
        "entity<|#|>Mary Celeste<|#|>artifact<|#|>The Mary Celeste was found adrift in 1872.",
        "relation<|#|>Mary Celeste<|#|>Fram<|#|>confusion<|#|>Some take the Mary Celeste for a sister of the Fram.",
    ),
    "到达南极点": (
        "entity<|#|>罗阿尔·阿蒙森<|#|>person<|#|>罗阿尔·阿蒙森到达了南极点。",
        "entity<|#|>南极点<|#|>location<|#|>南极点于1911年被到达。",
        "relation<|#|>罗阿尔·阿蒙森<|#|>南极点<|#|>到达<|#|>罗阿尔·阿蒙森于1911年到达南极点。",
    ),
    "科林·阿彻设计": (
        "entity<|#|>弗拉姆号<|#|>artifact<|#|>弗拉姆号由科林·阿彻设计。",
        "entity<|#|>科林·阿彻<|#|>person<|#|>科林·阿彻设计了弗拉姆号。",
        "relation<|#|>科林·阿彻<|#|>弗拉姆号<|#|>设计<|#|>科林·阿彻设计了弗拉姆号。",
    ),
}
GLEANED = {
    "walk her deck": (
        "entity<|#|>Fram Museum<|#|>organization<|#|>The Fram Museum keeps the Fram; its visitors walk her deck.",
    ),
}  # fmt: skip
