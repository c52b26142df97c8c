"""FastAPI with a prefix of its own, the middleware around it: `gunicorn -k uvicorn_worker.UvicornWorker`."""

from fastapi import APIRouter, FastAPI
from fastapi.requests import Request
from fastapi.responses import PlainTextResponse

from oversight_metrics import ASGIMetricsMiddleware


async def plain(_: Request) -> PlainTextResponse:
    return PlainTextResponse("plain")


async def find(number: int) -> int:
    return number


orders = APIRouter(prefix="/orders")
orders.get("/{number}")(find)
orders.get("/{number}/again")(find)

shop = FastAPI()
shop.include_router(orders)

app = FastAPI(root_path="/api")
app.include_router(orders, prefix="/v1")
app.include_router(orders, prefix="/v2")
app.add_route("/plain", plain)
app.add_route("/plainer", plain)
for name in ("eu", "us", "asia"):
    app.mount(f"/{name}", shop)
for one in range(110):
    app.get(f"/things/{one}")(plain)


@app.get("/")
def home() -> str:
    return "home"


@app.get("/broken")
def broken() -> None:
    raise RuntimeError("broken")


@app.post("/read")
async def read(request: Request) -> int:
    return len(await request.body())


@app.post("/parsed")
async def parsed(content: dict[str, int]) -> int:
    return len(content)


measured = ASGIMetricsMiddleware(app)
