"""The types of the public face: a template, and the generator that adds an overload for each number of inputs."""
