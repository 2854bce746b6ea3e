using CsCheck;
using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Xunit;

namespace Dwarf.Tests.Data;

public class AugmentationTests
{
    private static readonly AugmentSection Strong = new() { Shift = 0.1, Scale = 0.15, Rotate = 12, Brightness = 0.1, Contrast = 0.2 };

    [Fact]
    public void The_same_seed_epoch_and_sample_give_the_same_change_and_others_another()
    {
        var first = Augmentation.Draw(Strong, 5, 7, 11);
        Assert.Equal(first, Augmentation.Draw(Strong, 5, 7, 11));
        Assert.NotEqual(first, Augmentation.Draw(Strong, 6, 7, 11));
        Assert.NotEqual(first, Augmentation.Draw(Strong, 5, 8, 11));
        Assert.NotEqual(first, Augmentation.Draw(Strong, 5, 7, 12));
        Assert.NotEqual(Augmentation.Draw(Strong, 5, 7, 11), Augmentation.Draw(Strong, 5, 11, 7));
    }

    [Fact]
    public void Nothing_asked_for_changes_nothing() =>
        Gen.Select(Gen.Float[0, 1].Array[48], Gen.Int[0, 1].Array[48], Gen.Int[0, 9], Gen.Int[0, 9]).Sample((pixels, bits, epoch, sample) =>
        {
            byte[] mask = [.. bits.Select(bit => (byte)bit)];
            var none = Augmentation.Draw(new AugmentSection(), 3, epoch, sample);
            var picture = new float[48];
            var moved = new float[48];
            none.Picture(pixels, 8, 6, picture);
            none.Mask(mask, 8, 6, moved);
            Assert.Equal(pixels, picture);
            Assert.Equal(bits.Select(bit => (float)bit), moved);
        });

    [Fact]
    public void Picture_and_mask_move_together()
    {
        // The picture is the mask: after any change of place, bright pixels must be where the mask is.
        byte[] mask = Disc(64, 30, 36, 12);
        float[] pixels = [.. mask.Select(value => (float)value)];
        var range = new AugmentSection { Shift = 0.1, Scale = 0.2, Rotate = 30, Flip = true };
        var picture = new float[64 * 64];
        var moved = new float[64 * 64];
        for (int sample = 0; sample < 50; sample++)
        {
            var change = Augmentation.Draw(range, 1, 0, sample);
            change.Picture(pixels, 64, 64, picture);
            change.Mask(mask, 64, 64, moved);
            for (int i = 0; i < picture.Length; i++)
            {
                Assert.True(moved[i] == (picture[i] >= 0.5f ? 1 : 0) || Math.Abs(picture[i] - 0.5f) < 1e-4, $"sample {sample}, pixel {i}");
            }
        }
    }

    [Fact]
    public void A_shift_moves_by_whole_pixels_of_its_share()
    {
        // Draws whose shift is known from where the disc's middle went lie inside the range on both axes, and reach far into it.
        byte[] mask = Disc(64, 31.5, 31.5, 10);
        var moved = new float[64 * 64];
        double farthest = 0;
        for (int sample = 0; sample < 200; sample++)
        {
            Augmentation.Draw(new AugmentSection { Shift = 0.125 }, 1, 0, sample).Mask(mask, 64, 64, moved);
            int[] set = [.. Enumerable.Range(0, moved.Length).Where(i => moved[i] == 1)];
            double x = set.Average(i => i % 64) - 31.5;
            double y = set.Average(i => i / 64) - 31.5;
            Assert.InRange(Math.Max(Math.Abs(x), Math.Abs(y)), 0, 8.2);
            farthest = Math.Max(farthest, Math.Max(x, y));
        }

        Assert.InRange(farthest, 7, 8.2);
    }

    [Fact]
    public void A_rotation_keeps_distances_and_a_change_of_size_scales_them()
    {
        byte[] mask = Disc(64, 47.5, 31.5, 5);
        double before = mask.Sum(value => value);
        var moved = new float[64 * 64];
        double most = 0;
        for (int sample = 0; sample < 60; sample++)
        {
            Augmentation.Draw(new AugmentSection { Rotate = 40 }, 1, 0, sample).Mask(mask, 64, 64, moved);
            var (x, y) = Middle(moved);
            Assert.Equal(16, Math.Sqrt((x * x) + (y * y)), 0.5);
            Assert.InRange(Math.Abs(Math.Atan2(y, x)), 0, 40.5 * Math.PI / 180);
            most = Math.Max(most, Math.Abs(Math.Atan2(y, x)));
            Assert.InRange(moved.Sum(), before * 0.9, before * 1.1);
            Augmentation.Draw(new AugmentSection { Scale = 0.3 }, 1, 0, sample).Mask(mask, 64, 64, moved);
            var (scaled, across) = Middle(moved);
            Assert.Equal(0, across, 0.01);
            Assert.Equal(Math.Pow(scaled / 16, 2), moved.Sum() / before, 0.2);
            Assert.InRange(scaled, 16 * 0.69, 16 * 1.31);
        }

        Assert.True(most > 30 * Math.PI / 180);

        static (double X, double Y) Middle(float[] mask)
        {
            int[] set = [.. Enumerable.Range(0, mask.Length).Where(i => mask[i] == 1)];
            return (set.Average(i => i % 64) - 31.5, set.Average(i => i / 64) - 31.5);
        }
    }

    [Fact]
    public void Mirrors_half_of_the_pictures_and_only_across()
    {
        byte[] mask = new byte[64];
        mask[(3 * 8) + 1] = 1;
        var moved = new float[64];
        int mirrored = 0;
        for (int sample = 0; sample < 400; sample++)
        {
            Augmentation.Draw(new AugmentSection { Flip = true }, 1, 0, sample).Mask(mask, 8, 8, moved);
            Assert.Equal(1, moved[(3 * 8) + 1] + moved[(3 * 8) + 6]);
            mirrored += (int)moved[(3 * 8) + 6];
        }

        Assert.InRange(mirrored, 160, 240);
    }

    [Fact]
    public void A_finding_of_one_pixel_survives_while_it_stays_in_the_picture()
    {
        byte[] mask = new byte[32 * 32];
        mask[(16 * 32) + 14] = 1;
        var moved = new float[32 * 32];
        int kept = 0;
        for (int sample = 0; sample < 100; sample++)
        {
            Augmentation.Draw(new AugmentSection { Shift = 0.1, Rotate = 10 }, 1, 0, sample).Mask(mask, 32, 32, moved);
            kept += moved.Sum() >= 1 ? 1 : 0;
        }

        Assert.InRange(kept, 95, 100);
    }

    [Fact]
    public void Brightness_and_contrast_stay_in_range_and_leave_masks_alone()
    {
        var range = new AugmentSection { Brightness = 0.3, Contrast = 0.5 };
        float[] pixels = [.. Enumerable.Range(0, 64).Select(i => i / 63f)];
        byte[] mask = Disc(8, 3, 4, 2);
        var picture = new float[64];
        var moved = new float[64];
        bool changed = false;
        for (int sample = 0; sample < 20; sample++)
        {
            var change = Augmentation.Draw(range, 1, 0, sample);
            change.Picture(pixels, 8, 8, picture);
            change.Mask(mask, 8, 8, moved);
            Assert.All(picture, pixel => Assert.InRange(pixel, 0f, 1f));
            Assert.Equal(mask.Select(value => (float)value), moved);
            changed |= !picture.AsSpan().SequenceEqual(pixels);
        }

        Assert.True(changed);
    }

    private static byte[] Disc(int side, double x, double y, double radius) =>
    [
        .. Enumerable.Range(0, side * side).Select(i => (byte)(Math.Pow((i % side) - x, 2) + Math.Pow((i / side) - y, 2) <= radius * radius ? 1 : 0)),
    ];
}
