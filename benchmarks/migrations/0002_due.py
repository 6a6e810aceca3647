from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("example", "0001_initial")]

    operations = [migrations.AddField("issue", "due", models.DateField(null=True))]
