"""Work that resumes and is shared out: results folders, claims, processes, identity of models."""
