# The image of tcpstate-exporter: Node.js 24 LTS, the bundled program with koffi for this platform, no package manager.
#
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" -t tcpstate-exporter:0.1.0 .
#   docker run --rm --read-only --network host --pid host tcpstate-exporter:0.1.0
#
# The tag moves with Node's security releases. Who wants the same bytes every time pins what the registry has under it:
# --build-arg NODE_IMAGE=node:24-trixie-slim@sha256:…
ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends libcap2-bin \
 && rm -rf /var/lib/apt/lists/*
# A user other than root loses its capabilities when the runtime starts its first program, whatever cap_add or
# capabilities.add say: they fill the bounding set, and no runtime raises ambient ones. So that first program has to carry
# them: setpriv with file capabilities, which hands them on as ambient ones and becomes the exporter. It is a copy and not
# the entry point, because the kernel refuses to start it (EPERM) in a container that was not given both.
RUN cp /usr/bin/setpriv /usr/local/bin/setpriv-owners \
 && setcap cap_sys_ptrace,cap_dac_read_search=ep /usr/local/bin/setpriv-owners
# The same with what loading the reader in the kernel takes. A copy again: one file with all four would not start with two.
RUN cp /usr/bin/setpriv /usr/local/bin/setpriv-kernel-reader \
 && setcap cap_sys_ptrace,cap_dac_read_search,cap_bpf,cap_perfmon=ep /usr/local/bin/setpriv-kernel-reader
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node deploy/bundle/bundle.mjs /app
COPY deploy/container/healthcheck.mjs /app/
ARG REVISION=""
RUN if [ -n "${REVISION}" ]; then echo "${REVISION}" > /app/dist/REVISION; fi

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="tcpstate-exporter" \
      org.opencontainers.image.description="Prometheus exporter for TCP sockets and ephemeral ports" \
      org.opencontainers.image.licenses="Apache-2.0"
# Nothing in here is of use to become somebody else, or to fetch more.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn* \
           /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
# BuildKit keeps file capabilities when it copies.
COPY --from=build /usr/local/bin/setpriv-owners /usr/local/bin/setpriv-kernel-reader /usr/local/bin/
COPY --from=build /app /app
# SIGUSR1 opens no debugger, whatever entry point is chosen.
ENV NODE_OPTIONS=--disable-sigusr1
# Nobody, by number: runAsNonRoot cannot look up a name. The exporter writes no file, so the root may be read-only.
USER 65534:65534
EXPOSE 10048
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["node", "/app/healthcheck.mjs"]
# It handles SIGTERM itself and ends within a second, as process 1 too: it needs no init.
ENTRYPOINT ["node", "/app/dist/main.js"]
