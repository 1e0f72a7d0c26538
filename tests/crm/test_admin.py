"""What operators arrange: every field has a label, and times come back as they were shown."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.models import Pipeline
from tests.factories.crm import make_pipeline

pytestmark = pytest.mark.django_db
INPUT = re.compile(
    r'<(?:input|select|textarea)\b(?![^>]*type="(?:hidden|submit)")[^>]*\bid="([^"]+)"'
)


@pytest.mark.parametrize("name", ["pipeline", "stage", "board", "phase", "recordlabel"])
def test_every_field_of_a_new_one_has_a_label(name, dana, signed_in):
    page = signed_in.as_(dana).get(reverse(f"admin:crm_{name}_add")).content.decode()
    form = page.partition('<div id="content')[2]
    fields = INPUT.findall(form)
    assert "id_name" in fields
    for field in fields:
        assert f'for="{field}"' in form, field


def test_a_pipeline_is_archived_at_the_moment_that_was_typed(dana, signed_in):
    pipeline = make_pipeline()
    url = reverse("admin:crm_pipeline_change", args=[pipeline.pk])
    data = {"name": "Sales", "position": 0, "archived_at": "2026-05-04T10:30"}
    assert signed_in.as_(dana).post(url, data).status_code == 302
    archived_at = Pipeline.objects.get().archived_at
    assert archived_at is not None
    assert timezone.localtime(archived_at).strftime("%Y-%m-%d %H:%M") == "2026-05-04 10:30"
    assert 'value="2026-05-04T10:30"' in signed_in.as_(dana).get(url).content.decode()
