"""Keys and folders that all machines of an installation have in common."""

import pytest
from django.core.management import call_command

from ops.errors import StartError
from ops.models import Belonging
from ops.running.belongings import MARK, require_belongings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def machine(settings, tmp_path):
    """The machine that came first."""
    settings.BLOB_DIR = tmp_path / "blobs"
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.SECRET_KEY = "the first machine's secret key"
    settings.VAULT_KEYS = ["the first machine's vault key"]
    require_belongings()
    return settings


def test_the_same_machine_starts_again():
    require_belongings()
    assert Belonging.objects.count() == 4


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("SECRET_KEY", "another", "DEALPOST_SECRET_KEY"),
        ("VAULT_KEYS", ["another"], "DEALPOST_VAULT_KEYS"),
        ("BLOB_DIR", "a folder", "DEALPOST_BLOBS"),
        ("MEDIA_ROOT", "a folder", "DEALPOST_FILES"),
    ],
)
def test_a_machine_with_its_own_is_refused_until_that_is_meant(
    setting, value, words, machine, tmp_path
):
    setattr(machine, setting, tmp_path / "other" if value == "a folder" else value)
    with pytest.raises(StartError, match=words) as refused:
        require_belongings()
    assert "\n" not in str(refused.value)
    call_command("adopt")
    require_belongings()


def test_a_folder_that_is_not_mounted_is_not_filled(machine, tmp_path):
    (tmp_path / "blobs" / MARK).unlink()
    with pytest.raises(StartError, match="is it mounted"):
        require_belongings()
    assert list((tmp_path / "blobs").iterdir()) == []


def test_a_newer_vault_key_before_the_old_one_is_no_other_installation(machine):
    machine.VAULT_KEYS = ["newer", *machine.VAULT_KEYS]
    require_belongings()
    # The machines that lack the newer one are told so.
    machine.VAULT_KEYS = machine.VAULT_KEYS[1:]
    with pytest.raises(StartError, match="DEALPOST_VAULT_KEYS"):
        require_belongings()


def test_neither_key_can_be_read_from_the_database(machine):
    kept = " ".join(Belonging.objects.values_list("value", flat=True))
    assert "first" not in kept
    assert machine.SECRET_KEY not in kept
