from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("example", "0003_in_python")]

    operations = [migrations.AddField("issue", "due", models.DateField(null=True))]
