"""An order in FastAPI with OpenTelemetry metrics, one process, for scripts/bench --order-service."""

import os
import time
import uuid

import uvicorn
from fastapi import FastAPI
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider

meter = MeterProvider([PrometheusMetricReader()]).get_meter("orders")
orders = meter.create_counter("orders_processed")
duration = meter.create_histogram("order_duration", unit="s")
in_flight = meter.create_up_down_counter("orders_in_flight")
app = FastAPI()


@app.post("/orders", status_code=201)
async def create_order():
    start = time.perf_counter()
    in_flight.add(1)
    order = {"id": str(uuid.uuid4()), "status": "success"}
    in_flight.add(-1)
    order["duration_seconds"] = time.perf_counter() - start
    orders.add(1, {"status": "success"})
    duration.record(order["duration_seconds"], {"status": "success"})
    return order


uvicorn.run(app, port=int(os.environ["PORT"]), access_log=False, log_level="warning")
