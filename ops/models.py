from django.db import models


class Belonging(models.Model):
    """What the installation's machines must have in common, as the first of them had it: the name
    of a key or a folder, and a value that tells it from others without giving it away."""

    name = models.CharField(max_length=20, unique=True)
    value = models.CharField(max_length=64)

    def __str__(self) -> str:
        return self.name
