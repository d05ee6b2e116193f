"""For those who teach the course: `check` runs notebooks again, `grade` judges a class's submissions."""
