"""Who may use whom: imports by import-linter, foreign keys by walking every model."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models

from tests.house.layers import ROOT, layer_numbers, may_use


def _package(model: type[models.Model]) -> str:
    """The package under laoke that a model stands in; empty for Django's own."""
    root, _, rest = model.__module__.partition(".")
    return rest.split(".")[0] if root == "laoke" else ""


def _relations() -> Iterator[tuple[type[models.Model], str, type[models.Model]]]:
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.get_fields():
            if field.is_relation and not field.auto_created and isinstance(field.related_model, type):
                yield model, field.name, field.related_model


def test_imports_point_downwards() -> None:
    """The contracts of pyproject.toml, as `lint-imports` judges them."""
    judged = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-4000:]


def test_foreign_keys_point_downwards() -> None:
    upward = [
        f"{model.__name__}.{name} → {target.__name__}: {_package(model)} may not use {_package(target)}"
        for model, name, target in _relations()
        if _package(model) and _package(target) and not may_use(_package(model), _package(target))
    ]
    assert upward == []


def test_no_model_of_ours_is_pointed_at_from_below_by_name() -> None:
    """A relation written as text ('campaigns.Round') is resolved like any other, so none can hide."""
    unresolved = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(getattr(field, "related_model", None), str) and field.related_model != "self"
    ]
    assert unresolved == []


def test_the_ledger_has_relations_to_walk() -> None:
    assert sum(1 for model, _, target in _relations() if _package(model) and _package(target)) > 10


@pytest.mark.parametrize(
    ("upper", "lower", "allowed"),
    [
        ("campaigns", "dispatch", True),
        ("dispatch", "campaigns", False),
        ("intake", "work", False),
        ("work", "customers", True),
        ("money", "warehouse", False),
        ("shops", "shops", True),
    ],
)
def test_a_package_may_use_what_stands_below_it(upper: str, lower: str, allowed: bool) -> None:
    assert may_use(upper, lower) is allowed


def test_every_package_has_its_floor() -> None:
    packages = {path.parent.name for path in (ROOT / "src" / "laoke").glob("*/__init__.py")}
    assert packages <= set(layer_numbers())
