from django.db import migrations


def shout(apps, schema_editor):
    for issue in apps.get_model("example", "Issue").objects.all():
        issue.title = issue.title.upper()
        issue.save()


class Migration(migrations.Migration):
    dependencies = [("example", "0002_priority")]

    operations = [migrations.RunPython(shout, migrations.RunPython.noop)]
