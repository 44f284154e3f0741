# One file for all binaries: it builds their dependencies, then the binaries, and makes one image without a shell for each.
# The binaries are static: glibc is linked in, so they run on `scratch`, on amd64 and on arm64.
ARG RUST_IMAGE=rust:1.95-slim-bookworm

# Only the files that determine the dependencies: manifests, the lock file, and empty entry points.
FROM ${RUST_IMAGE} AS manifests
WORKDIR /app
COPY app/ ./
RUN find . -type f ! -name 'Cargo.*' ! -path '*/src/main.rs' ! -path '*/src/lib.rs' ! -path '*/benches/*' -delete \
    && find . -name '*.rs' | while read -r entry; do echo 'fn main() {}' > "$entry"; done

# The dependencies, compiled before the source is copied: this stage is built again only when a manifest changes.
FROM ${RUST_IMAGE} AS dependencies
WORKDIR /app
# The explicit target below keeps `+crt-static` away from build scripts and procedural macros, which must be dynamic.
ENV RUSTFLAGS="-C target-feature=+crt-static"
COPY --from=manifests /app ./
# One binary at a time: together, the dependencies would get the features of all binaries, and be compiled again below.
RUN rustc -vV | sed -n 's/^host: //p' > /target \
    && for binary in order-service pager loadgen; do \
        cargo build --release --locked --target "$(cat /target)" -p "$binary" --bin "$binary" || exit; \
    done

# One stage per binary, so that an edit of one does not rebuild the others. `touch` is needed because cargo compares file times,
# and the empty entry points may be newer than the sources that replace them.
FROM dependencies AS build-order-service
COPY app/service service
COPY app/order-service order-service
RUN find service order-service -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --target "$(cat /target)" -p order-service --bin order-service \
    && cp "target/$(cat /target)/release/order-service" /

FROM dependencies AS build-loadgen
COPY app/loadgen loadgen
RUN find loadgen -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --target "$(cat /target)" -p loadgen --bin loadgen \
    && cp "target/$(cat /target)/release/loadgen" /

FROM dependencies AS build-lab
COPY app/service service
COPY app/lab/customer-label lab/customer-label
RUN find service lab/customer-label -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --target "$(cat /target)" -p customer-label \
    && cp "target/$(cat /target)/release/customer-label" /

FROM dependencies AS build-pager
COPY app/service service
COPY app/pager pager
RUN find service pager -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --target "$(cat /target)" -p pager --bin pager \
    && cp "target/$(cat /target)/release/pager" /

FROM scratch AS order-service
COPY --from=build-order-service /order-service /order-service
USER 65532:65532
# On loopback, nothing outside the container could reach it.
ENV ORDER_ADDRESS=0.0.0.0:8000
HEALTHCHECK CMD ["/order-service", "healthcheck"]
# The revision appears in the metrics, as an OpenTelemetry resource attribute. It comes last, so that it never causes a rebuild.
ARG REVISION=unknown
ENV OTEL_RESOURCE_ATTRIBUTES=vcs.ref.head.revision=${REVISION}
ENTRYPOINT ["/order-service"]

FROM scratch AS loadgen
COPY --from=build-loadgen /loadgen /loadgen
USER 65532:65532
ENTRYPOINT ["/loadgen"]

FROM scratch AS pager
COPY --from=build-pager /pager /pager
USER 65532:65532
ENV PAGER_ADDRESS=0.0.0.0:8025
HEALTHCHECK CMD ["/pager", "healthcheck"]
ENTRYPOINT ["/pager"]

FROM scratch AS lab
COPY --from=build-lab /customer-label /customer-label
USER 65532:65532
ENV LAB_ADDRESS=0.0.0.0:8000
HEALTHCHECK CMD ["/customer-label", "healthcheck"]
ENTRYPOINT ["/customer-label"]
