# One stage compiles all binaries; another makes an image, without a shell, of one of them: BINARY. For `dashboards`, which serves a
# page, there are two more: one builds the page, the other adds it.
# The binaries are static: glibc is linked in, so they run on `scratch`, on amd64 and on arm64.
ARG RUST_IMAGE=rust:1.95-slim-bookworm
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${RUST_IMAGE} AS build
ARG RUST_IMAGE
# Where cargo is not installed, scripts/lab builds the lab here.
ARG BINARIES="order-service pager loadgen drill customer-label dashboards"
# The explicit target below keeps `+crt-static` away from build scripts and procedural macros, which must be dynamic.
ENV RUSTFLAGS="-C target-feature=+crt-static" CARGO_HOME=/cache/cargo CARGO_TARGET_DIR=/cache/target
COPY app /source
# What was downloaded and compiled stays in a cache, from which all checkouts build, one after the other, so that only crates that
# have changed are compiled. Cargo goes by file times: a source is stale if it is newer than what was made of it. So the sources
# are in the cache too, and only files whose content differs are replaced there, whatever the times of the files in a checkout.
RUN --mount=type=cache,id=orderwatch-${RUST_IMAGE},target=/cache,sharing=locked <<'SCRIPT'
set -eu
mkdir -p /cache/source /binaries
cd /cache/source
find . -type f | while read -r file; do
    [ -f "/source/$file" ] || rm "$file"
done
cd /source
find . -type f | while read -r file; do
    cmp -s "$file" "/cache/source/$file" || { mkdir -p "/cache/source/${file%/*}" && cp "$file" "/cache/source/$file"; }
done
cd /cache/source
target=$(rustc -vV | sed -n 's/^host: //p')
for binary in ${BINARIES}; do set -- "$@" --bin "$binary"; done
cargo build --release --locked --target "$target" "$@"
cd "/cache/target/$target/release"
cp ${BINARIES} /binaries
SCRIPT

FROM ${NODE_IMAGE} AS page
COPY app/dashboards/page /page
WORKDIR /page
# Without the packages that only its tests need.
RUN --mount=type=cache,id=orderwatch-npm,target=/root/.npm npm ci --omit=dev --ignore-scripts && npm run build

FROM scratch AS runtime
ARG BINARY
COPY --from=build /binaries/${BINARY} /${BINARY}
USER 65532:65532
# The revision appears in the metrics, too, as an OpenTelemetry resource attribute. It comes last, so that it never causes a rebuild.
ARG REVISION=unknown
LABEL org.opencontainers.image.title=${BINARY} \
      org.opencontainers.image.description="A part of Orderwatch, an observability stack" \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=0.1.0 \
      org.opencontainers.image.revision=${REVISION}
ENV OTEL_RESOURCE_ATTRIBUTES=vcs.ref.head.revision=${REVISION}

FROM runtime AS dashboards
COPY --from=page /page/dist/page /page

# The stage that is built unless another is named.
FROM runtime
