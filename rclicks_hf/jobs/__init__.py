"""Work that resumes and is shared by processes: results folders, claims, the resumable job."""
