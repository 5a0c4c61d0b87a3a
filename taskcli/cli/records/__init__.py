"""taskcli view and taskcli convert: records that were written, without the model."""
