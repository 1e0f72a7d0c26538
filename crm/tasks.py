from celery import shared_task


@shared_task
def run_import(import_id: int) -> None:
    from crm.domain import importing

    importing.run_import(import_id)


@shared_task
def purge_bin() -> None:
    from crm.domain import records

    records.purge_bin()
