"""Learn the assistant's data files anew: `python -m tests.assistant.learn`.

Reads tuning.jsonl and the questions of learning/*.txt, never held_out.jsonl nor fresh.jsonl; writes learned_words.txt,
assistant/engine/learned_names.json and learned_skills.json. The same sentences give the same files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.engine import lexicon
from assistant.engine import names as naming
from tests.assistant.learning import matcher, sentences, tagger

ENGINE = Path(naming.__file__).parent
TIMES = 2


def write(name: str, data: Any) -> None:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    (ENGINE / name).write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


def _write_words(words: Sequence[str]) -> None:
    (ENGINE / "learned_words.txt").write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    lexicon.forget()


def main() -> None:
    _write_words([])  # what was learned before does not count
    _write_words(sentences.words())
    learned = sentences.every(times=TIMES)
    write("learned_names.json", tagger.learn(learned))
    naming._weights.cache_clear()
    write("learned_skills.json", matcher.learn([each for each in learned if each.skill != "-"]))
    sys.stdout.write(f"Learned from {len(learned):,} sentences.\n")


if __name__ == "__main__":
    main()
