# One file for all binaries: their dependencies, the binaries, and one shell-free image each.
# Static: glibc is linked in, so that a binary runs on `scratch`, on amd64 and arm64 alike.
ARG RUST_IMAGE=rust:1.95-slim-bookworm

# The dependencies, compiled apart from the source: this layer is rebuilt only when a Cargo.toml or the lock file changes.
FROM ${RUST_IMAGE} AS dependencies
WORKDIR /app
# Naming the target keeps `+crt-static` away from build scripts and procedural macros, which must stay dynamic.
ENV RUSTFLAGS="-C target-feature=+crt-static"
COPY app/Cargo.toml app/Cargo.lock ./
COPY app/order-service/Cargo.toml order-service/
# Empty sources in place of ours, just for this stage.
RUN mkdir -p order-service/src order-service/benches \
    && echo 'fn main() {}' | tee order-service/src/main.rs > order-service/benches/recording.rs \
    && touch order-service/src/lib.rs \
    && rustc -vV | sed -n 's/^host: //p' > /target \
    && cargo build --release --locked --bins --target "$(cat /target)"

FROM dependencies AS build
COPY app/ ./
# cargo compares times: without this the empty sources above would count as the newer ones.
RUN find . -name '*.rs' -path '*/src/*' -exec touch {} + \
    && cargo build --release --locked --bins --target "$(cat /target)" \
    && mkdir /binaries \
    && find "target/$(cat /target)/release" -maxdepth 1 -type f -executable -exec cp {} /binaries/ \;

FROM scratch AS order-service
COPY --from=build /binaries/order-service /order-service
USER 65532:65532
# The revision reaches the metrics as an OpenTelemetry resource attribute. Last, so that it never causes a rebuild.
ARG REVISION=unknown
ENV OTEL_RESOURCE_ATTRIBUTES=vcs.ref.head.revision=${REVISION}
ENTRYPOINT ["/order-service"]
