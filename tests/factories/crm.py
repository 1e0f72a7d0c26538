"""Records for tests."""

from typing import Any

from crm.models import Deal, Organization, Person, PersonEmail, Pipeline, Stage
from users.models import User


def make_organization(owner: User, name: str = "Acme Analytical", **fields: Any) -> Organization:
    return Organization.objects.create(owner=owner, name=name, **fields)


def make_person(
    owner: User, name: str = "Ada Byron", address: str = "ada@acme.example", **fields: Any
) -> Person:
    person = Person.objects.create(owner=owner, name=name, **fields)
    if address:
        PersonEmail.objects.create(person=person, address=address, is_primary=True)
    return person


def make_pipeline(name: str = "Sales", stages: tuple[str, ...] = ("New", "Offer")) -> Pipeline:
    pipeline, _ = Pipeline.objects.get_or_create(name=name)
    for position, stage in enumerate(stages):
        Stage.objects.get_or_create(pipeline=pipeline, name=stage, position=position)
    return pipeline


def make_deal(owner: User, title: str = "Acme renewal", **fields: Any) -> Deal:
    pipeline = fields.pop("pipeline", None) or make_pipeline()
    stage = fields.pop("stage", None) or pipeline.stages.first()
    return Deal.objects.create(owner=owner, title=title, pipeline=pipeline, stage=stage, **fields)
