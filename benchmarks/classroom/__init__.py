"""A class for real: a JupyterHub on this machine, and students who log in, follow one link and run a lesson.

    make classroom                                      ten, twenty and thirty students, without and with culling
    make classroom ARGS="5 --culling yes --pause 0"     another class: shown, not kept in benchmarks/results

docs/JUPYTERHUB.md has the recipe that is run here, and what was measured.
"""
