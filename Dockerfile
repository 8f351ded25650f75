# seedmock in a container. See docs/guides/containers.md.
#
#   docker build --tag seedmock .
#   docker run --rm --publish 8000:8000 seedmock

FROM python:3.13-slim-bookworm AS builder
WORKDIR /source
COPY pyproject.toml README.md LICENSE mkdocs.yml ./
COPY contracts contracts
COPY client client
COPY mock_server mock_server
COPY fixtures fixtures
COPY docs docs
RUN python -m venv /opt/seedmock \
    && /opt/seedmock/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && /opt/seedmock/bin/pip install --no-cache-dir --compile "seedmock[heif,redis,s3] @ file://$(echo /wheels/seedmock-*.whl)" \
    && /opt/seedmock/bin/pip uninstall --yes pip

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="seedmock" \
      org.opencontainers.image.description="Emulator of two paid Seedance 2.0 video APIs for your own machine." \
      org.opencontainers.image.source="https://github.com/seedmock/seedmock" \
      org.opencontainers.image.licenses="MIT"
# A fixed number, so that a folder of the host can be given to it: chown 10001 FOLDER. Group 0, since some clusters run
# a container as any user of that group.
RUN useradd --uid 10001 --gid 0 --no-create-home --home-dir /data --shell /usr/sbin/nologin seedmock \
    && install --directory --owner=seedmock --group=root --mode=0775 /data
COPY --from=builder /opt/seedmock /opt/seedmock
ENV PATH="/opt/seedmock/bin:$PATH" \
    HOME=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SEEDMOCK_SERVE_HOST=0.0.0.0 \
    SEEDMOCK_SERVE_PORT=8000 \
    SEEDMOCK_SERVE_CACHE_DIR=/data/clips \
    SEEDMOCK_SERVE_DATA_DIR=/data/files
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=3s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import http.client as h, os; c = h.HTTPConnection('127.0.0.1', int(os.environ['SEEDMOCK_SERVE_PORT']), timeout=4); c.request('GET', '/_mock/health'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["seedmock"]
CMD ["serve"]
