from django.conf import settings
from django.urls import path

from ops import views

app_name = "ops"
urlpatterns = (
    [path("demo/<str:entry>/", views.enter_demo, name="demo_enter")] if settings.DEMO else []
)
