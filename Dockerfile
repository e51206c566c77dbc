# The server, the watcher and the command line, with their weights inside: nothing is fetched once this is built.
#
#   docker build -t sampan .
#   docker run --rm -p 127.0.0.1:8000:8000 -v sampan-jobs:/var/lib/sampan sampan
#
# docs/deploy.md says how to run it safely.

ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 SAMPAN_HOME=/opt/sampan/home
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
# In the final image the environment stands at the same path, which its scripts name.
RUN python -m venv /opt/sampan/env \
 && /opt/sampan/env/bin/pip install --constraint constraints.txt '.[server,mcp,watch]' \
 && /opt/sampan/env/bin/sampan weights install \
 && /opt/sampan/env/bin/sampan doctor \
 && /opt/sampan/env/bin/pip uninstall --yes pip

FROM python:${PYTHON}-slim
COPY --from=build /opt/sampan /opt/sampan
# The user owns the jobs and nothing else; program and weights are read-only to it.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sampan \
 && install --directory --owner sampan --group sampan --mode 0750 /var/lib/sampan /work
ENV PATH=/opt/sampan/env/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SAMPAN_HOME=/opt/sampan/home \
    SAMPAN_DATA=/var/lib/sampan \
    SAMPAN_HOST=0.0.0.0 \
    SAMPAN_PORT=8000
USER 10001:10001
WORKDIR /work
VOLUME /var/lib/sampan
EXPOSE 8000
# Longer than the server's own --grace would be cut off by `docker stop` after 10 s: stop it with `--time 30`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['SAMPAN_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["sampan"]
CMD ["serve"]
