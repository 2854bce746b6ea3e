using Engine.Tensors;

namespace Dwarf.Model.Layers;

/// <summary>First values of a parameter: a function of seed, name in weight files and element, whatever is declared around it.</summary>
internal readonly struct Initial
{
    private readonly Kind _kind;
    private readonly double _std;
    private readonly long _place;

    private Initial(Kind kind, double std = 0, long place = 0) => (_kind, _std, _place) = (kind, std, place);

    private enum Kind
    {
        Zeros,
        Ones,
        Normal,
        Diagonal,
        One,
    }

    public static Initial Zeros => new(Kind.Zeros);

    public static Initial Ones => new(Kind.Ones);

    /// <summary>The identity matrix.</summary>
    public static Initial Identity => new(Kind.Diagonal);

    public static Initial Normal(double std) => new(Kind.Normal, std: std);

    /// <summary>A single one, zeros elsewhere.</summary>
    public static Initial OneAt(long place) => new(Kind.One, place: place);

    /// <summary>Writes consecutive elements.</summary>
    /// <param name="values">f32 or f64; a stretch of the named tensor</param>
    /// <param name="seed">the run's seed</param>
    /// <param name="name">the tensor's name in weight files</param>
    /// <param name="shape">the named tensor's whole shape</param>
    /// <param name="first">index of the stretch's first element in the named tensor</param>
    public unsafe void Write(Tensor values, long seed, string name, Shape shape, long first)
    {
        ulong key = CounterRandom.Key(seed, name);
        for (long i = 0; i < values.Count; i++)
        {
            double value = At(key, shape, first + i);
            if (values.DType == DType.F64)
            {
                values.Data<double>()[i] = value;
            }
            else
            {
                values.Data<float>()[i] = (float)value;
            }
        }
    }

    private double At(ulong key, Shape shape, long at) => _kind switch
    {
        Kind.Ones => 1,
        Kind.Normal => _std * CounterRandom.Normal(key, at),
        Kind.Diagonal => at / shape[-1] == at % shape[-1] ? 1 : 0,
        Kind.One => at == _place ? 1 : 0,
        _ => 0,
    };
}
