# One image for the web server, the job worker and the set-up; docker-compose.yml says which command each runs.
FROM python:3.11-slim

# Logs appear at once. `platform` is a plain folder on the path, not a package. The static root differs from the
# default on purpose: a root of its own is what makes collectstatic write hashed, compressed files.
ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONPATH=/app/platform:/app \
    ATRIUM_STATIC_ROOT=/app/static

RUN groupadd --gid 10001 atrium \
 && useradd --uid 10001 --gid atrium --create-home --shell /usr/sbin/nologin atrium

WORKDIR /app

# Dependencies first: this layer is built anew only when the lock changes.
COPY requirements/run.lock requirements/run.lock
RUN pip install --require-hashes --only-binary :all: --requirement requirements/run.lock

# The source belongs to root: the server cannot change its own code.
COPY manage.py ./
COPY platform platform
COPY tenants tenants
COPY rag rag
COPY assistants assistants

# Developer mode for this one step, so that no secret key is needed while the image is built.
RUN ATRIUM_DEBUG=1 python manage.py collectstatic --noinput --verbosity 0

# A number, so that a cluster can see that it is not root.
USER 10001:10001

EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

CMD ["uvicorn", "atrium.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--lifespan", "on", "--no-server-header", "--no-access-log", "--timeout-graceful-shutdown", "25"]
