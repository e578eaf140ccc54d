"""What a model writes beside what it learned from: how often what occurs, and what it has by heart."""
