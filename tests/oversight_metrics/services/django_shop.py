"""Django, `gunicorn django_shop:wsgi` and `uvicorn django_shop:asgi`; the resolver is that of the README."""

import django
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_GET
from readme import template

from oversight_metrics import ASGIMetricsMiddleware, WSGIMetricsMiddleware

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="of a test", ALLOWED_HOSTS=["*"], MIDDLEWARE=[])  # noqa: S106
django.setup()


@require_GET
def home(_: HttpRequest) -> HttpResponse:
    return HttpResponse("home")


async def find(_: HttpRequest, number: int) -> HttpResponse:
    if number == 13:
        raise Http404
    return HttpResponse(str(number))


def broken(_: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken")


def read(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.body)))


shop = [path("", home), path("orders/<int:number>/", find), path("broken/", broken), path("read/", read)]
urlpatterns = [*shop, path("eu/", include(shop)), path("us/", include(shop))]

from django.core.asgi import get_asgi_application  # noqa: E402  (after the settings)
from django.core.wsgi import get_wsgi_application  # noqa: E402

wsgi = WSGIMetricsMiddleware(get_wsgi_application(), resolver=template)
asgi = ASGIMetricsMiddleware(get_asgi_application(), resolver=template)
