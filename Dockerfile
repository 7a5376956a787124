# The control plane, the sidecar and what captures its connections, in one image: docker build -t sluice .
# What is fetched is pinned: npm by the lockfile, PyPI and Go modules by hashes, the base by its version.
FROM node:24.21.0-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3-venv
WORKDIR /src
COPY . .
RUN make install build/istio-api/crds.yaml \
  && mkdir -p /out/bin \
  && cp bin/sluice /out/bin/ \
  && cp -r dist /out/dist \
  && cp build/istio-api/crds.yaml /out/dist/ \
  && cp -L build/envoy /out/bin/envoy

FROM node:24.21.0-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends iproute2 nftables \
  && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /opt/yarn* \
  && ln -s /usr/local/lib/sluice/bin/sluice /usr/local/bin/sluice
COPY --from=build /out /usr/local/lib/sluice
ENV SLUICE_ENVOY=/usr/local/lib/sluice/bin/envoy
USER 1337:1337
ENTRYPOINT ["sluice"]
