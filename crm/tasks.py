from celery import shared_task


@shared_task
def run_import(import_id: int) -> None:
    from crm.domain import importing

    importing.run_import(import_id)


@shared_task
def sweep_imports() -> None:
    from crm.domain import importing

    importing.sweep()


@shared_task
def run_record_job(job_id: int) -> None:
    from crm.domain import bulk

    bulk.run(job_id)


@shared_task
def sweep_record_jobs() -> None:
    from crm.domain import bulk

    bulk.sweep()


@shared_task
def purge_bin() -> None:
    from crm.domain import records

    records.purge_bin()
