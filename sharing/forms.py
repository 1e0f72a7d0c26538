from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sharing.models import VisibilityGroup
from users.models import User


class MembersField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # generic for the checker alone
    def label_from_instance(self, obj: Any) -> str:
        membership = getattr(obj, "group_membership", None)
        if membership is None:
            return str(obj.name)
        return _("%(name)s (now in %(group)s)") % {"name": obj.name, "group": membership.group.name}


class GroupForm(forms.ModelForm):  # type: ignore[type-arg]
    members = MembersField(
        label=gettext_lazy("Members"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Everybody is in one group at most; whoever you tick moves here."),
    )

    class Meta:
        model = VisibilityGroup
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.active().select_related("group_membership__group")
        self.fields["members"].queryset = people  # type: ignore[attr-defined]
