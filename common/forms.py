"""How Django's forms look: our templates for whole forms and fields."""

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Forms and fields from templates/ui; widgets and errors from `django/forms`, where ours
    in templates/django/forms come first."""

    form_template_name = "ui/_form.html"
    field_template_name = "ui/_field.html"
