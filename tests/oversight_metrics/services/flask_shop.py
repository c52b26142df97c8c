"""Flask, three applications in one process: each measured by itself (`flask_shop:app`), or as one (`:outside`)."""

from flask import Flask, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from oversight_metrics import WSGIMetricsMiddleware


def shop(name: str) -> Flask:
    app = Flask(name)
    app.get("/")(home)
    app.get("/broken")(broken)
    app.post("/read")(read)
    for path in ("/orders/<int:number>", "/orders/<int:number>/again"):
        app.get(path)(find)  # one handler
    return app


def home() -> str:
    return "home"


def read() -> str:
    return str(len(request.get_data()))


def find(number: int) -> str:
    return str(number)


def broken() -> str:
    raise RuntimeError("broken")


def measured(app: Flask) -> Flask:
    app.wsgi_app = WSGIMetricsMiddleware(app.wsgi_app)
    return app


app = DispatcherMiddleware(measured(shop("main")), {f"/{name}": measured(shop(name)) for name in ("eu", "us")})
outside = WSGIMetricsMiddleware(DispatcherMiddleware(shop("main"), {f"/{name}": shop(name) for name in ("eu", "us")}))
