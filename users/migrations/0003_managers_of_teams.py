"""A manager is a manager of a team: the role of that name, which gave no right, goes.

Whoever had it keeps what it gave him, which is a user's rights.
"""

from typing import Any

from django.db import migrations, models

ROLES = [("administrator", "Administrator"), ("member", "User")]


def make_users_of_managers(apps: Any, _schema_editor: Any) -> None:
    for name in ("User", "Invitation"):
        apps.get_model("users", name).objects.filter(role="manager").update(role="member")


class Migration(migrations.Migration):
    dependencies = [("users", "0002_welcome_steps")]

    operations = [
        migrations.RunPython(make_users_of_managers, migrations.RunPython.noop, elidable=True),
        *(
            migrations.AlterField(
                model_name=name,
                name="role",
                field=models.CharField(
                    choices=ROLES, default="member", max_length=20, verbose_name="role"
                ),
            )
            for name in ("invitation", "user")
        ),
    ]
