# One file for all binaries: their dependencies, the binaries, and one shell-free image each.
# Static: glibc is linked in, so that a binary runs on `scratch`, on amd64 and arm64 alike.
ARG RUST_IMAGE=rust:1.95-slim-bookworm

# What decides about the dependencies, and nothing else: manifests, the lock file, and entry points without content.
FROM ${RUST_IMAGE} AS manifests
WORKDIR /app
COPY app/ ./
RUN find . -type f ! -name 'Cargo.*' ! -path '*/src/main.rs' ! -path '*/src/lib.rs' ! -path '*/benches/*' -delete \
    && find . -name '*.rs' | while read -r entry; do echo 'fn main() {}' > "$entry"; done

# The dependencies, compiled apart from the source: copied by content, so this is done again only when a manifest changes.
FROM ${RUST_IMAGE} AS dependencies
WORKDIR /app
# A target named explicitly keeps `+crt-static` away from build scripts and procedural macros, which must stay dynamic.
ENV RUSTFLAGS="-C target-feature=+crt-static" PACKAGES="-p order-service"
COPY --from=manifests /app ./
RUN rustc -vV | sed -n 's/^host: //p' > /target \
    && cargo build --release --locked --bins $PACKAGES --target "$(cat /target)"

FROM dependencies AS build
COPY app/ ./
# cargo compares times: without this the empty entry points above could count as the newer ones.
RUN find . -path ./target -prune -o -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --bins $PACKAGES --target "$(cat /target)" \
    && mkdir /binaries \
    && find "target/$(cat /target)/release" -maxdepth 1 -type f -executable -exec cp {} /binaries/ \;

FROM scratch AS order-service
COPY --from=build /binaries/order-service /order-service
USER 65532:65532
# The revision reaches the metrics as an OpenTelemetry resource attribute. Last, so that it never causes a rebuild.
ARG REVISION=unknown
ENV OTEL_RESOURCE_ATTRIBUTES=vcs.ref.head.revision=${REVISION}
ENTRYPOINT ["/order-service"]
