# The image in which `llmlab grade --container` runs notebooks: Python, the course, and nothing else. In a checkout:
#
#     docker build --tag llmlab-grader --file docker/grader.Dockerfile .
#
# and the same with `podman`. The tag of the base image moves with its corrections; whoever needs the same image again
# keeps this one, or writes down its digest. What a container may do is not said here but where it is started:
# llmlab/instructors/grade/container.py.
FROM python:3.11-slim

WORKDIR /course
COPY requirements.lock ./
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu "$(grep '^torch==' requirements.lock)"

COPY pyproject.toml README.md LICENSE LICENSE-lessons ./
COPY docs/PACKAGE.md docs/
COPY data data
COPY llmlab llmlab
RUN pip install --no-cache-dir --constraint requirements.lock . ipykernel

# Nobody's number on any machine. Its home is the pattern of each submission's: with the list of fonts already made.
RUN useradd --uid 10001 --create-home --home-dir /home/grader grader
USER grader
RUN python -c "import matplotlib.font_manager"
WORKDIR /
