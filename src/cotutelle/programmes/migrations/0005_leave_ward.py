import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("institutions", "0001_initial"),
        ("programmes", "0004_gates_and_yearly_extension"),
    ]

    operations = [
        # Nobody has asked for leave before this column: the table is new with it.
        migrations.AddField(
            model_name="leave",
            name="ward",
            field=models.ForeignKey(
                default=None,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.unit",
            ),
            preserve_default=False,
        ),
    ]
