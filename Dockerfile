# The control plane, the sidecar and what captures its connections, in one image: docker build -t sluice .
# What is fetched is pinned: npm by the lockfile, PyPI and Go modules by hashes, the base by its version.
FROM node:24.21.0-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3-venv
WORKDIR /src
COPY . .
RUN make install build/istio-api/crds.yaml \
  && mkdir /out \
  && cp -r dist /out/sluice \
  && cp build/istio-api/crds.yaml /out/sluice/ \
  && cp -L build/envoy /out/envoy

FROM node:24.21.0-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends iproute2 nftables \
  && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /opt/yarn*
COPY --from=build /out/envoy /usr/local/bin/envoy
COPY --from=build /out/sluice /usr/local/lib/sluice
ENV SLUICE_ENVOY=/usr/local/bin/envoy MALLOC_MMAP_THRESHOLD_=131072
USER 1337:1337
ENTRYPOINT ["node", "--max-semi-space-size=8", "--initial-old-space-size=200", "--expose-gc", "--enable-source-maps", "/usr/local/lib/sluice/main.js"]
