"""Rows are written by services. What writes elsewhere, or without @writes, is named here with its reason."""

from __future__ import annotations

import ast

from tests.architecture.sources import parsed

WRITING = {"save", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "update", "delete"}
OUTSIDE_SERVICES = {
    "portal/core/audit.py": "the entry itself",
    "portal/core/auth.py": "the tenant of a first sign-in, which nobody chose",
    "portal/core/models.py": "how people and entries are saved",
    "portal/core/scope.py": "the queryset that services write with",
    "portal/core/admin.py": "the tenant that somebody works in, with its entry",
    "portal/core/views.py": "what people say about themselves, with its entry",
    "portal/core/management/commands/doctor.py": "a file that is read and removed again",
    "customers/models/catalog.py": "a folded name, filled in as a row is saved",
    "customers/models/customers.py": "folded names, filled in as a row is saved",
    "customers/models/subscriptions.py": "a folded name, filled in as a row is saved",
    "downloads/files.py": "the file of a report",
    "portal/celery.py": "names of brokers",
}
# Services whose every caller is in the transaction of one that is marked, and those of background work: the row of a job
# tells how it stands and is no record of a person (docs/adr/0008).
WITHOUT_A_MARK = {
    "customers/services/subscription_writing.py": "called by the services of a subscription",
    "customers/services/ticket_writing.py": "called by the services of a ticket",
    "assistant/services/flow.py": "called by conversations and steps",
    "assistant/services/proposals.py": "called by conversations and steps",
    "assistant/services/model.py": "asks the language model",
    "assistant/services/allowance.py": "counts questions, whatever becomes of them",
    "downloads/services/keeping.py": "background",
    "downloads/services/runs.py": "background",
    "customers/services/demo/billing.py": "sample data",
    "customers/services/demo/bulk.py": "sample data",
    "customers/services/demo/partners.py": "sample data",
    "customers/services/demo/reference_data.py": "sample data",
    "customers/services/demo/tenants.py": "sample data",
}


def from_services(tree: ast.Module) -> set[str]:
    """What a module imports of services: `service.create(...)` is a call of one."""
    return {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and "services" in f"{node.module}.{','.join(n.name for n in node.names)}"
        for name in node.names
    }


def writes_rows(tree: ast.Module) -> bool:
    services = from_services(tree)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITING):
            continue
        of_service = isinstance(node.func.value, ast.Name) and node.func.value.id in services
        of_mapping = node.func.attr == "update" and (node.args or not node.keywords)
        if not of_service and not of_mapping:
            return True
    return False


def writers() -> set[str]:
    return {path for path, tree in parsed() if writes_rows(tree)}


def test_views_admin_skills_tasks_and_commands_write_through_services() -> None:
    outside = {path for path in writers() if "/services/" not in path}
    assert outside == set(OUTSIDE_SERVICES), "call a service, or remove the stale reason"


def test_a_service_that_writes_is_marked() -> None:
    marked = {
        path
        for path, tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(each) == "writes" for each in node.decorator_list)
    }
    services = {path for path in writers() if "/services/" in path}
    assert len(services & marked) >= 15
    assert services - marked == set(WITHOUT_A_MARK), "mark it with @writes, or remove the stale reason"
