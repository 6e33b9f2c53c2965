"""Dependencies point down. The walls are in pyproject.toml; see docs/architecture.md."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import PACKAGES, ROOT


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_no_dependency_turns() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert "0 broken" in result.stdout


def test_the_guard_bites(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "customers/rules/pricing.py").open("a") as rule:
        rule.write("\nimport customers.services.pricing\nimport django.db\n")
    result = lint_imports(tmp_path)
    assert result.returncode != 0
    assert "inside customers BROKEN" in result.stdout
    assert "plain Python BROKEN" in result.stdout
